//! A gradient that is kept, between the pass that computes it and the update.

use std::ops::Range;

use taper_kernels::simd::arena::Arena;

use crate::network::Parameters;

/// Which samples of a step's batch a part of it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The place of its first sample in the whole batch: dropout masks are drawn by it.
    pub first: usize,
    /// The samples of the whole batch, over which the mean is taken.
    pub whole: usize,
}

impl Part {
    /// A whole batch of `samples`.
    #[must_use]
    pub fn whole(samples: usize) -> Self {
        Self { first: 0, whole: samples }
    }
}

/// The gradient of all trained parameters, in their order and PyTorch's layout, one after the other.
pub struct Gradient {
    values: Arena,
    parts: Vec<(String, Range<usize>)>,
}

impl Gradient {
    /// Zeros for the trained ones of `parameters`.
    #[must_use]
    pub fn new(parameters: &Parameters) -> Self {
        let mut end = 0;
        let parts = parameters.iter().filter(|parameter| parameter.trainable).map(|parameter| {
            let start = end;
            end += parameter.variable.elem_count();
            (parameter.name.clone(), start..end)
        });
        let parts: Vec<_> = parts.collect();
        Self { values: Arena::new(end), parts }
    }

    /// All values.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All values, to be changed.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// The name of each trained parameter, and where its gradient is among the values.
    #[must_use]
    pub fn parts(&self) -> &[(String, Range<usize>)] {
        &self.parts
    }

    /// The gradient of each trained parameter.
    pub(super) fn each_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let mut rest = &mut self.values[..];
        self.parts.iter().map(move |(_, range)| {
            let (own, others) = std::mem::take(&mut rest).split_at_mut(range.len());
            rest = others;
            own
        })
    }

    /// The Euclidean norm, from a sum in f64 in the order of the values.
    #[must_use]
    pub fn norm(&self) -> f64 {
        self.values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt()
    }

    /// Multiplies all values with `factor`.
    pub fn scale(&mut self, factor: f32) {
        self.values.iter_mut().for_each(|value| *value *= factor);
    }

    /// Sets all values to 0.
    pub fn clear(&mut self) {
        self.values.fill(0.0);
    }

    /// The name and the value of the first that is not finite.
    pub(super) fn not_finite(&self) -> Option<(&str, f64)> {
        self.parts.iter().find_map(|(name, range)| {
            let value = self.values[range.clone()].iter().find(|value| !value.is_finite())?;
            Some((name.as_str(), f64::from(*value)))
        })
    }
}
