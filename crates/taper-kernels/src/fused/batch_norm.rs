//! Batch normalization (Ioffe and Szegedy, 2015), forward and backward: y = γ (x − μ) / √(σ² + ε) + β for
//! each channel.

use super::{Grid, PARTS, samples_of};
use crate::simd::arena::Arena;
use crate::simd::parts;
use crate::simd::team::Team;

/// The layouts, the statistics to normalize with, and memory for sums.
pub struct BatchNorm {
    input: Grid,
    output: Grid,
    /// μ, `[channels]`.
    mean: Vec<f32>,
    /// 1 / √(σ² + ε), `[channels]`.
    rate: Vec<f32>,
    sums: Arena,
}

impl BatchNorm {
    /// Normalizes the channels of `input`; outputs have the layout of `output`.
    #[must_use]
    pub fn new(input: Grid, output: Grid) -> Self {
        Self { input, output, mean: Vec::new(), rate: Vec::new(), sums: Arena::default() }
    }

    /// Allocates memory for the sums of a training step.
    pub fn reserve(&mut self) {
        self.sums.reserve(PARTS * 2 * self.input.channels);
    }

    /// The mean and (biased) variance of each channel over `samples` samples and their pixels.
    ///
    /// # Panics
    /// If `x` is too short, or no memory was reserved.
    pub fn statistics(&mut self, team: &mut Team, samples: usize, x: &[f32]) -> [Vec<f32>; 2] {
        let count = (samples * self.input.pixels()) as f64;
        let [sums, _] = self.sums(team, samples, |from, _, _| [x[from], 0.0]);
        let mean: Vec<f32> = sums.iter().map(|sum| (sum / count) as f32).collect();
        let [squares, _] = self.sums(team, samples, |from, _, channel| {
            let centered = x[from] - mean[channel];
            [centered * centered, 0.0]
        });
        let variance = squares.iter().map(|sum| (sum / count) as f32).collect();
        [mean, variance]
    }

    /// Sets the statistics to normalize with.
    pub fn set(&mut self, mean: &[f32], variance: &[f32], epsilon: f64) {
        let epsilon = epsilon as f32;
        self.mean.clear();
        self.mean.extend_from_slice(mean);
        self.rate.clear();
        self.rate.extend(variance.iter().map(|variance| 1.0 / (variance + epsilon).sqrt()));
    }

    /// Computes the outputs of `samples` samples, with γ and β of shape `[channels]`.
    ///
    /// # Panics
    /// If a slice is too short, or no statistics were set.
    pub fn forward(
        &self,
        team: &mut Team,
        samples: usize,
        [scale, shift]: [&[f32]; 2],
        x: &[f32],
        y: &mut [f32],
    ) {
        let (input, output, mean, rate) = (&self.input, &self.output, &self.mean, &self.rate);
        parts::for_each(team, samples, [(y, output.len())], |sample, [y]| {
            let x = input.sample(x, sample);
            for (from, to) in input.each_pixel().zip(output.each_pixel()) {
                for channel in 0..input.channels {
                    let normal = (x[from + channel] - mean[channel]) * rate[channel];
                    y[to + channel] = normal * scale[channel] + shift[channel];
                }
            }
        });
    }

    /// Returns the gradients of γ and β, `[channels]` each, and computes the gradient of the inputs if
    /// requested, for statistics of this batch.
    ///
    /// # Panics
    /// If a slice is too short, or no statistics were set.
    pub fn backward(
        &mut self,
        team: &mut Team,
        samples: usize,
        scale: &[f32],
        x: &[f32],
        gradient: &[f32],
        x_gradient: Option<&mut [f32]>,
    ) -> [Vec<f32>; 2] {
        let (mean, rate) = (std::mem::take(&mut self.mean), std::mem::take(&mut self.rate));
        let sums = self.sums(team, samples, |from, to, channel| {
            let normal = (x[from] - mean[channel]) * rate[channel];
            [gradient[to] * normal, gradient[to]]
        });
        (self.mean, self.rate) = (mean, rate);
        let gradients = sums.map(|sums| sums.iter().map(|&sum| sum as f32).collect::<Vec<f32>>());
        if let Some(x_gradient) = x_gradient {
            self.to_inputs(team, samples, scale, [x, gradient], &gradients, x_gradient);
        }
        gradients
    }

    fn to_inputs(
        &self,
        team: &mut Team,
        samples: usize,
        scale: &[f32],
        [x, gradient]: [&[f32]; 2],
        [scale_gradient, shift_gradient]: &[Vec<f32>; 2],
        x_gradient: &mut [f32],
    ) {
        let (input, output, mean, rate) = (&self.input, &self.output, &self.mean, &self.rate);
        let count = (samples * input.pixels()) as f32;
        parts::for_each(team, samples, [(x_gradient, input.len())], |sample, [dx]| {
            let (x, gradient) = (input.sample(x, sample), output.sample(gradient, sample));
            for (from, to) in input.each_pixel().zip(output.each_pixel()) {
                for channel in 0..input.channels {
                    let normal = (x[from + channel] - mean[channel]) * rate[channel];
                    let common = (shift_gradient[channel] + normal * scale_gradient[channel]) / count;
                    dx[from + channel] = scale[channel] * rate[channel] * (gradient[to + channel] - common);
                }
            }
        });
    }

    /// Sums both values of `term` over samples and pixels, for each channel. `term` takes the offset of a
    /// value in the inputs, its offset in the outputs, and its channel.
    fn sums(
        &mut self,
        team: &mut Team,
        samples: usize,
        term: impl Fn(usize, usize, usize) -> [f32; 2] + Sync,
    ) -> [Vec<f64>; 2] {
        let (input, output, channels) = (&self.input, &self.output, self.input.channels);
        let count = samples.min(PARTS);
        let len = 2 * channels;
        parts::for_each(team, count, [(&mut self.sums, len)], |part, [sums]| {
            sums.fill(0.0);
            let (first, second) = sums.split_at_mut(channels);
            for sample in samples_of(part, count, samples) {
                for (from, to) in input.each_pixel().zip(output.each_pixel()) {
                    let (from, to) = (sample * input.len() + from, sample * output.len() + to);
                    for channel in 0..channels {
                        let [a, b] = term(from + channel, to + channel, channel);
                        first[channel] += a;
                        second[channel] += b;
                    }
                }
            }
        });
        let sums = &self.sums[..count * len];
        [0, channels].map(|start| {
            let total = |channel: usize| sums.chunks(len).map(|part| f64::from(part[start + channel])).sum();
            (0..channels).map(total).collect()
        })
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
mod tests {
    use super::super::grid::tests::{assert_close, gather, grids, random, scatter};
    use super::*;

    const EPSILON: f64 = 1e-3;

    /// Outputs, the gradient of the inputs, and the gradients of γ and β, in f64.
    fn reference(
        grid: &Grid,
        [scale, shift]: [&[f32]; 2],
        xs: &[Vec<f32>],
        dys: &[Vec<f32>],
    ) -> [Vec<Vec<f64>>; 3] {
        let (pixels, count) = (grid.pixels(), (xs.len() * grid.pixels()) as f64);
        let wide = |values: &[Vec<f32>]| -> Vec<Vec<f64>> {
            values.iter().map(|values| values.iter().map(|&value| f64::from(value)).collect()).collect()
        };
        let (x, dy) = (wide(xs), wide(dys));
        let (mut y, mut dx) = (x.clone(), x.clone());
        let mut parameters = vec![vec![0.0; grid.channels]; 2];
        for channel in 0..grid.channels {
            let places: Vec<(usize, usize)> = (0..x.len())
                .flat_map(|sample| (0..pixels).map(move |pixel| (sample, channel * pixels + pixel)))
                .collect();
            let sum =
                |term: &dyn Fn(usize, usize) -> f64| places.iter().map(|&(s, i)| term(s, i)).sum::<f64>();
            let mean = sum(&|s, i| x[s][i]) / count;
            let rate = 1.0 / (sum(&|s, i| (x[s][i] - mean).powi(2)) / count + EPSILON).sqrt();
            let normal = |s: usize, i: usize| (x[s][i] - mean) * rate;
            let (gamma, beta) = (f64::from(scale[channel]), f64::from(shift[channel]));
            let [along, all] = [sum(&|s, i| dy[s][i] * normal(s, i)), sum(&|s, i| dy[s][i])];
            for &(s, i) in &places {
                y[s][i] = normal(s, i) * gamma + beta;
                dx[s][i] = gamma * rate * (dy[s][i] - (all + normal(s, i) * along) / count);
            }
            (parameters[0][channel], parameters[1][channel]) = (along, all);
        }
        [y, dx, parameters]
    }

    #[test]
    fn outputs_and_gradients_equal_the_formula_for_any_number_of_threads() {
        for (grids, samples) in
            grids().into_iter().flat_map(|grids| [2, 5, 40].map(|samples| (grids, samples)))
        {
            let [input, output] = grids;
            let (xs, dys) = (random(&input, samples, 1), random(&input, samples, 2));
            let parameters =
                random(&Grid { image: crate::fused::channels_last::Image::new(16, [1, 1]), ..input }, 2, 3);
            let (scale, shift) = (&parameters[0][..], &parameters[1][..]);
            let expected = reference(&input, [scale, shift], &xs, &dys);
            let run = |threads: usize| {
                let mut team = Team::new(threads);
                let mut kernel = BatchNorm::new(input, output);
                kernel.reserve();
                let (x, gradient) = (scatter(&input, &xs, 9.0), scatter(&output, &dys, 9.0));
                let [mean, variance] = kernel.statistics(&mut team, samples, &x);
                kernel.set(&mean, &variance, EPSILON);
                let (mut y, mut dx) = (vec![-1.0; samples * output.len()], vec![-1.0; samples * input.len()]);
                kernel.forward(&mut team, samples, [scale, shift], &x, &mut y);
                let gradients = kernel.backward(&mut team, samples, scale, &x, &gradient, Some(&mut dx));
                [gather(&output, &y), gather(&input, &dx), gradients.to_vec()]
            };
            let found = run(1);
            for (found, expected) in found.iter().zip(&expected) {
                assert_close(found, expected, &format!("{input:?}, {samples} samples"));
            }
            assert!(found == run(2) && found == run(3), "the same bits");
        }
    }

    #[test]
    fn running_averages_are_updated_and_non_finite_values_are_reported() {
        let mut running = [1.0, 2.0];
        assert!(update_running(&mut running, &[3.0, 2.0], 0.5));
        assert_eq!(running, [2.0, 2.0]);
        assert!(!update_running(&mut running, &[0.0, f32::INFINITY], 0.5));
    }
}
