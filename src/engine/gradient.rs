//! The accumulated gradient, kept between the passes that compute it and the update.

use std::ops::Range;

use taper_kernels::simd::arena::Arena;

use crate::network::Parameters;

/// The number of values whose squares are added in f32.
const PIECE: usize = 1024;
/// The number of sums that are computed side by side.
const LANES: usize = 16;

/// The sum of the squares of up to [`PIECE`] values.
fn square_sum(values: &[f32]) -> f64 {
    let (whole, rest) = values.as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for lanes in whole {
        for (sum, value) in sums.iter_mut().zip(lanes) {
            *sum += value * value;
        }
    }
    for (sum, value) in sums.iter_mut().zip(rest) {
        *sum += value * value;
    }
    sums.into_iter().map(f64::from).sum()
}

/// A part of a step's batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The index of its first sample in the whole batch, on which dropout masks depend.
    pub first: usize,
    /// The number of samples of the whole batch, over which the mean is taken.
    pub whole: usize,
}

impl Part {
    /// A whole batch of `samples`.
    #[must_use]
    pub fn whole(samples: usize) -> Self {
        Self { first: 0, whole: samples }
    }
}

/// The gradient of all trained parameters, concatenated in their order and in PyTorch's layout.
pub struct Gradient {
    values: Arena,
    parts: Vec<(String, Range<usize>)>,
}

impl Gradient {
    /// Zeros for the trained parameters among `parameters`.
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

    /// All values, mutable.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// The name of each trained parameter, and the range of its gradient in the values.
    #[must_use]
    pub fn parts(&self) -> &[(String, Range<usize>)] {
        &self.parts
    }

    /// The gradient of each trained parameter.
    pub(crate) fn each_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let mut rest = &mut self.values[..];
        self.parts.iter().map(move |(_, range)| {
            let (own, others) = std::mem::take(&mut rest).split_at_mut(range.len());
            rest = others;
            own
        })
    }

    /// The Euclidean norm of all values.
    #[must_use]
    pub fn norm(&self) -> f64 {
        Self::norm_of(&self.values)
    }

    /// The Euclidean norm of `values`: infinite if a square is too large for f32. Squares are added in f32 over pieces, in an order that
    /// every machine has, which takes a tenth of the time of f64; the pieces are added in f64.
    #[must_use]
    pub fn norm_of(values: &[f32]) -> f64 {
        values.chunks(PIECE).map(square_sum).sum::<f64>().sqrt()
    }

    /// Multiplies all values by `factor`.
    pub fn scale(&mut self, factor: f32) {
        self.values.iter_mut().for_each(|value| *value *= factor);
    }

    /// Sets all values to 0.
    pub fn clear(&mut self) {
        self.values.fill(0.0);
    }

    /// The name and value of the first non-finite one.
    pub(super) fn not_finite(&self) -> Option<(&str, f64)> {
        self.parts.iter().find_map(|(name, range)| {
            let value = self.values[range.clone()].iter().find(|value| !value.is_finite())?;
            Some((name.as_str(), f64::from(*value)))
        })
    }
}
