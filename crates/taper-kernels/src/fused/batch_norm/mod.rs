//! Batch normalization (Ioffe and Szegedy, 2015), forward and backward: y = γ (x − μ) / √(σ² + ε) + β for
//! each channel.

mod sums;

use super::pixelwise::{Function, map};
use super::{Grid, PARTS, samples_of};
use crate::simd::arena::Arena;
use crate::simd::disjoint::Disjoint;
use crate::simd::holds;
use crate::simd::lanes::{self, Isa, Lanes, WIDTH, array};
use crate::simd::team::Team;
use sums::{Gradients, Statistics, center};

/// The layouts, the statistics to normalize with, and memory for sums. An activation may follow.
pub struct BatchNorm {
    input: Grid,
    output: Grid,
    /// The activation's slope below 0 (0 for `relu`); `None` without an activation.
    slope: Option<f32>,
    /// μ and 1 / √(σ² + ε), `[channels]`, padded to whole vectors.
    normal: [Vec<f32>; 2],
    /// Whether the statistics are constants, not those of the batch.
    constant: bool,
    sums: Arena,
}

impl BatchNorm {
    /// Normalizes the channels of `input`; outputs have the layout of `output`.
    ///
    /// # Panics
    /// If the layouts differ in their pixels or channels.
    #[must_use]
    pub fn new(input: Grid, output: Grid, slope: Option<f32>) -> Self {
        // Required by the kernels' pointers.
        assert!(input.is_consistent() && output.is_consistent(), "{input:?} or {output:?}");
        assert_eq!((input.channels, input.image.size), (output.channels, output.image.size), "layouts");
        Self {
            input,
            output,
            slope,
            normal: [Vec::new(), Vec::new()],
            constant: false,
            sums: Arena::default(),
        }
    }

    /// Treats the statistics as constants in the backward pass: they do not depend on the inputs.
    #[must_use]
    pub fn with_constant_statistics(self) -> Self {
        Self { constant: true, ..self }
    }

    /// Channels, padded to whole vectors.
    fn width(&self) -> usize {
        self.input.channels.next_multiple_of(WIDTH)
    }

    fn has_statistics(&self) -> bool {
        self.normal.iter().all(|values| values.len() == self.width())
    }

    /// Allocates memory for the sums of a training step.
    pub fn reserve(&mut self) {
        self.sums.reserve(PARTS * 2 * self.width());
    }

    /// The mean and (biased) variance of each channel over `samples` samples and their pixels.
    ///
    /// # Panics
    /// If `x` is too short, or no memory was reserved.
    pub fn statistics(&mut self, (team, isa): (&mut Team, Isa), samples: usize, x: &[f32]) -> [Vec<f32>; 2] {
        assert!(isa.available() && holds(x.len(), &[samples, self.input.len()]), "{isa:?}, inputs");
        let (input, width, parts) = (self.input, self.width(), samples.min(PARTS));
        let sums = Disjoint::new(&mut self.sums[..parts * 2 * width]);
        team.run(parts, |part, _| {
            let start = part * 2 * width;
            let work = Statistics {
                samples: samples_of(part, parts, samples),
                input: &input,
                x: x.as_ptr(),
                sums: [sums.at(start), sums.at(start + width)],
            };
            // SAFETY: the slice was checked to hold all samples, and each part has its own sums.
            unsafe { lanes::run(isa, work) }
        });
        // Each part's squares are distances from its own center; moved to the mean, they add up (Chan, Golub and LeVeque, 1983).
        let parts: Vec<_> = (0..parts)
            .map(|part| {
                let count = samples_of(part, parts, samples).len() * input.pixels();
                (count, self.sums[part * 2 * width..][..2 * width].split_at(width))
            })
            .collect();
        let count = (samples * input.pixels()) as f64;
        let channel = |channel: usize| {
            let mean = parts.iter().map(|(_, (sums, _))| f64::from(sums[channel])).sum::<f64>() / count;
            let squares = parts.iter().map(|(count, (sums, squares))| {
                let (sum, center) = (f64::from(sums[channel]), f64::from(center(sums[channel], *count)));
                let (count, shift) = (*count as f64, center - mean);
                f64::from(squares[channel]) + shift * (2.0 * (sum - count * center) + count * shift)
            });
            // Rounding can make it negative; NaN stays NaN.
            let variance = squares.sum::<f64>() / count;
            (mean as f32, if variance < 0.0 { 0.0 } else { variance as f32 })
        };
        let (mean, variance) = (0..input.channels).map(channel).unzip();
        [mean, variance]
    }

    /// Sets the statistics to normalize with.
    pub fn set(&mut self, mean: &[f32], variance: &[f32], epsilon: f64) {
        let (epsilon, width) = (epsilon as f32, self.width());
        let rate = variance.iter().map(|variance| 1.0 / (variance + epsilon).sqrt());
        self.normal = [padded(mean.iter().copied(), width), padded(rate, width)];
    }

    /// Computes the outputs of `samples` samples, with γ and β of shape `[channels]`.
    ///
    /// # Panics
    /// If a slice is too short, or no statistics were set.
    pub fn forward(
        &self,
        (team, isa): (&mut Team, Isa),
        samples: usize,
        parameters: [&[f32]; 2],
        x: &[f32],
        y: &mut [f32],
    ) {
        assert!(self.has_statistics(), "statistics");
        let [scale, shift] = parameters.map(|values| padded(values.iter().copied(), self.width()));
        let [mean, rate] = &self.normal;
        let outputs = Outputs { constants: [mean, rate, &scale, &shift], slope: self.slope };
        map((team, isa), samples, &outputs, [(&self.input, x)], (&self.output, y));
    }

    /// Returns the gradients of γ and β, `[channels]` each, and computes the gradient of the inputs if
    /// requested, for statistics of this batch unless they are constants. With an activation, `gradient` becomes that of its input.
    ///
    /// # Panics
    /// If a slice is too short, or no statistics were set.
    pub fn backward(
        &mut self,
        (team, isa): (&mut Team, Isa),
        samples: usize,
        scale: &[f32],
        [x, y]: [&[f32]; 2],
        gradient: &mut [f32],
        x_gradient: Option<&mut [f32]>,
    ) -> [Vec<f32>; 2] {
        let (grids, width, parts) = ([self.input, self.output], self.width(), samples.min(PARTS));
        assert!(isa.available() && holds(x.len(), &[samples, grids[0].len()]), "{isa:?}, inputs");
        let outputs = |values: &[f32]| holds(values.len(), &[samples, grids[1].len()]);
        assert!(outputs(gradient) && (self.slope.is_none() || outputs(y)), "outputs");
        assert!(self.has_statistics(), "statistics");
        let sums = Disjoint::new(&mut self.sums[..parts * 2 * width]);
        let (all, normal, slope) = (Disjoint::new(gradient), &self.normal, self.slope);
        team.run(parts, |part, _| {
            let start = part * 2 * width;
            let work = Gradients {
                samples: samples_of(part, parts, samples),
                grids: grids.each_ref(),
                x: x.as_ptr(),
                y: y.as_ptr(),
                gradient: all.at(0),
                normal: normal.each_ref().map(Vec::as_ptr),
                slope,
                sums: [sums.at(start), sums.at(start + width)],
            };
            // SAFETY: the slices were checked to hold all samples; each part has its own samples and sums.
            unsafe { lanes::run(isa, work) }
        });
        let sums = &self.sums[..parts * 2 * width];
        let total = |at: usize| sums.chunks(2 * width).map(|part| f64::from(part[at])).sum::<f64>() as f32;
        let gradients = [0, width].map(|start| (start..start + grids[0].channels).map(total).collect());
        if let Some(x_gradient) = x_gradient {
            let inputs = self.inputs(samples, scale, &gradients);
            let from = [(&self.input, x), (&self.output, &*gradient)];
            map((team, isa), samples, &inputs, from, (&self.input, x_gradient));
        }
        gradients
    }

    fn inputs(&self, samples: usize, scale: &[f32], gradients: &[Vec<f32>; 2]) -> Inputs {
        let (width, [mean, rate]) = (self.width(), &self.normal);
        let count = (samples * self.input.pixels()) as f32;
        let share = |sum: &f32| if self.constant { 0.0 } else { sum / count };
        let [along, all] = gradients.each_ref().map(|values| padded(values.iter().map(share), width));
        let factor = padded(scale.iter().zip(rate).map(|(scale, rate)| scale * rate), width);
        Inputs([mean.clone(), rate.clone(), along, all, factor])
    }
}

/// `values` followed by zeros, `width` in total.
fn padded(values: impl Iterator<Item = f32>, width: usize) -> Vec<f32> {
    values.chain(std::iter::repeat(0.0)).take(width).collect()
}

/// The outputs: μ, 1 / √(σ² + ε), γ and β, each padded to whole vectors, and the activation.
struct Outputs<'a> {
    constants: [&'a [f32]; 4],
    slope: Option<f32>,
}

impl Function<1> for Outputs<'_> {
    #[inline(always)]
    unsafe fn value<L: Lanes>(&self, channel: usize, [x]: [L; 1]) -> L {
        // SAFETY: there are whole vectors for all channels.
        let [mean, rate, scale, shift] =
            unsafe { array!([x; 4] i => L::load(self.constants[i].as_ptr().add(channel))) };
        let y = (x - mean) * rate * scale + shift;
        match self.slope {
            Some(slope) => y.leaky(slope),
            None => y,
        }
    }
}

/// The gradient of the inputs: μ, 1 / √(σ² + ε), the gradients of γ and β over the number of a channel's values, and
/// γ / √(σ² + ε), each padded to whole vectors.
struct Inputs([Vec<f32>; 5]);

impl Function<2> for Inputs {
    #[inline(always)]
    unsafe fn value<L: Lanes>(&self, channel: usize, [x, gradient]: [L; 2]) -> L {
        // SAFETY: there are whole vectors for all channels.
        let [mean, rate, along, all, factor] =
            unsafe { array!([x; 5] i => L::load(self.0[i].as_ptr().add(channel))) };
        factor * (gradient - ((x - mean) * rate).mul_add(along, all))
    }
}

/// Updates running averages with the values of a batch: running ← momentum · running + (1 − momentum) ·
/// batch. Returns whether all of them are finite: an infinite variance makes all outputs β, which would go
/// unnoticed.
#[must_use]
pub fn update_running(running: &mut [f32], batch: &[f32], momentum: f64) -> bool {
    let momentum = momentum as f32;
    let mut finite = true;
    for (running, batch) in running.iter_mut().zip(batch) {
        *running = *running * momentum + batch * (1.0 - momentum);
        finite &= running.is_finite();
    }
    finite
}

#[cfg(test)]
mod tests;
