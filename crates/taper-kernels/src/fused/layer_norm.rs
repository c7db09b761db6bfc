//! Layer normalization (Ba, Kiros and Hinton, 2016), forward and backward: y = γ (x − μ) / √(σ² + ε) + β
//! over all values of a sample.

use super::grid::each_value;
use super::{Grid, PARTS, samples_of};
use crate::simd::arena::Arena;
use crate::simd::parts;
use crate::simd::team::Team;

/// The layouts, and memory for sums.
pub struct LayerNorm {
    input: Grid,
    output: Grid,
    /// Added to the variance.
    epsilon: f64,
    /// Partial sums of the parts: for γ, then for β.
    sums: Arena,
}

impl LayerNorm {
    /// Normalizes samples of `input`; outputs have the layout of `output`. γ and β are in PyTorch's order,
    /// one value for each value of a sample.
    #[must_use]
    pub fn new(input: Grid, output: Grid, epsilon: f64) -> Self {
        Self { input, output, epsilon, sums: Arena::default() }
    }

    /// Allocates memory for the sums of a training step.
    pub fn reserve(&mut self) {
        self.sums.reserve(PARTS * 2 * self.input.values());
    }

    /// Computes the outputs of `samples` samples.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn forward(
        &self,
        team: &mut Team,
        samples: usize,
        [scale, shift]: [&[f32]; 2],
        x: &[f32],
        y: &mut [f32],
    ) {
        let (input, output) = (&self.input, &self.output);
        parts::for_each(team, samples, [(y, output.len())], |sample, [y]| {
            let x = input.sample(x, sample);
            let [mean, rate] = self.statistics(x);
            each_value(input, output, |from, to, i| y[to] = (x[from] - mean) * rate * scale[i] + shift[i]);
        });
    }

    /// Computes the gradient of the inputs from the gradient of the outputs.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn to_inputs(
        &self,
        team: &mut Team,
        samples: usize,
        scale: &[f32],
        [x, gradient]: [&[f32]; 2],
        x_gradient: &mut [f32],
    ) {
        let (input, output, values) = (&self.input, &self.output, self.input.values());
        parts::for_each(team, samples, [(x_gradient, input.len())], |sample, [dx]| {
            let (x, gradient) = (input.sample(x, sample), output.sample(gradient, sample));
            let [mean, rate] = self.statistics(x);
            let [mut sum, mut along] = [0.0_f64; 2];
            each_value(input, output, |from, to, i| {
                let term = f64::from(gradient[to] * scale[i]);
                sum += term;
                along += term * f64::from((x[from] - mean) * rate);
            });
            let [sum, along] = [sum, along].map(|sum| (sum / values as f64) as f32);
            each_value(input, output, |from, to, i| {
                let normal = (x[from] - mean) * rate;
                dx[from] = rate * (gradient[to] * scale[i] - sum - normal * along);
            });
        });
    }

    /// The gradients of γ and β, from the gradient of the outputs.
    ///
    /// # Panics
    /// If a slice is too short, or no memory was reserved.
    pub fn to_parameters(
        &mut self,
        team: &mut Team,
        samples: usize,
        [x, gradient]: [&[f32]; 2],
    ) -> [&[f32]; 2] {
        let (input, output, values) = (self.input, self.output, self.input.values());
        let count = samples.min(PARTS);
        let mut sums = std::mem::take(&mut self.sums);
        parts::for_each(team, count, [(&mut sums, 2 * values)], |part, [sums]| {
            sums.fill(0.0);
            let (of_scale, of_shift) = sums.split_at_mut(values);
            for sample in samples_of(part, count, samples) {
                let (x, gradient) = (input.sample(x, sample), output.sample(gradient, sample));
                let [mean, rate] = self.statistics(x);
                each_value(&input, &output, |from, to, i| {
                    of_scale[i] += gradient[to] * (x[from] - mean) * rate;
                    of_shift[i] += gradient[to];
                });
            }
        });
        self.sums = sums;
        let (total, parts) = self.sums[..count * 2 * values].split_at_mut(2 * values);
        for part in parts.chunks(2 * values) {
            total.iter_mut().zip(part).for_each(|(total, value)| *total += value);
        }
        let (of_scale, of_shift) = total.split_at(values);
        [of_scale, of_shift]
    }

    /// Mean and 1 / √(σ² + ε) of the sample `x`.
    fn statistics(&self, x: &[f32]) -> [f32; 2] {
        let (count, channels) = (self.input.values() as f64, self.input.channels);
        let values = || self.input.each_pixel().flat_map(|from| &x[from..from + channels]);
        let mean = values().map(|&x| f64::from(x)).sum::<f64>() / count;
        let variance = values().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count;
        [mean as f32, (1.0 / (variance + self.epsilon).sqrt()) as f32]
    }
}

#[cfg(test)]
mod tests {
    use super::super::grid::tests::{assert_close, gather, grids, random, scatter};
    use super::*;

    const EPSILON: f64 = 1e-3;

    /// Outputs, the gradient of the inputs, and the gradients of γ and β, in f64.
    fn reference(scale: &[f32], shift: &[f32], xs: &[Vec<f32>], dys: &[Vec<f32>]) -> [Vec<Vec<f64>>; 3] {
        let count = scale.len() as f64;
        let mut parameters = vec![vec![0.0; scale.len()]; 2];
        let (mut ys, mut dxs) = (Vec::new(), Vec::new());
        for (x, dy) in xs.iter().zip(dys) {
            let wide = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<_>>();
            let (x, dy, gamma, beta) = (wide(x), wide(dy), wide(scale), wide(shift));
            let mean = x.iter().sum::<f64>() / count;
            let rate = 1.0 / (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count + EPSILON).sqrt();
            let normal: Vec<f64> = x.iter().map(|x| (x - mean) * rate).collect();
            let term: Vec<f64> = dy.iter().zip(&gamma).map(|(dy, gamma)| dy * gamma).collect();
            let sum = term.iter().sum::<f64>() / count;
            let along = term.iter().zip(&normal).map(|(term, normal)| term * normal).sum::<f64>() / count;
            ys.push((0..x.len()).map(|i| normal[i] * gamma[i] + beta[i]).collect());
            dxs.push((0..x.len()).map(|i| rate * (term[i] - sum - normal[i] * along)).collect());
            for i in 0..x.len() {
                parameters[0][i] += dy[i] * normal[i];
                parameters[1][i] += dy[i];
            }
        }
        [ys, dxs, parameters]
    }

    #[test]
    fn outputs_and_gradients_equal_the_formula_for_any_number_of_threads() {
        for (grids, samples) in
            grids().into_iter().flat_map(|grids| [1, 5, 40].map(|samples| (grids, samples)))
        {
            let [input, output] = grids;
            let (xs, dys) = (random(&input, samples, 1), random(&input, samples, 2));
            let parameters = random(&input, 2, 3);
            let (scale, shift) = (&parameters[0][..], &parameters[1][..]);
            let expected = reference(scale, shift, &xs, &dys);
            let run = |threads: usize| {
                let mut team = Team::new(threads);
                let mut kernel = LayerNorm::new(input, output, EPSILON);
                kernel.reserve();
                let (x, gradient) = (scatter(&input, &xs, 9.0), scatter(&output, &dys, 9.0));
                let (mut y, mut dx) = (vec![-1.0; samples * output.len()], vec![-1.0; samples * input.len()]);
                kernel.forward(&mut team, samples, [scale, shift], &x, &mut y);
                kernel.to_inputs(&mut team, samples, scale, [&x, &gradient], &mut dx);
                let gradients = kernel.to_parameters(&mut team, samples, [&x, &gradient]);
                [gather(&output, &y), gather(&input, &dx), gradients.map(<[f32]>::to_vec).to_vec()]
            };
            let found = run(1);
            for (found, expected) in found.iter().zip(&expected) {
                assert_close(found, expected, &format!("{input:?}, {samples} samples"));
            }
            assert!(found == run(2) && found == run(3), "the same bits");
        }
    }
}
