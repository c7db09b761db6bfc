//! Layer normalisation.

use taper_kernels::simd::arena::Arena;
use taper_kernels::simd::parts;
use taper_kernels::work::Work;

use super::layout::Layout;
use super::stage::{Stage, Turn, Update};

/// The most parts that sums over a batch are made of: a fixed number, so that they do not depend on
/// the threads.
const PARTS: usize = 32;

/// The stage.
pub struct LayerNorm {
    /// Among the phases.
    pub name: String,
    /// Added to the variance.
    pub epsilon: f64,
    /// The first parameter: scale and shift, of a sample's shape, follow each other.
    pub parameter: usize,
    /// Where inputs are.
    pub input: Layout,
    /// Where outputs go.
    pub output: Layout,
    /// Sums of parts, on the way to the parameters' gradients.
    pub sums: Arena,
}

impl LayerNorm {
    fn values(&self) -> usize {
        self.input.channels() * self.input.pixels()
    }

    /// Mean and 1 / √(σ² + ε) of the sample `x`.
    fn measure(&self, x: &[f32]) -> [f32; 2] {
        let (count, channels) = (self.values() as f64, self.input.channels());
        let values = || self.input.each_pixel().flat_map(|from| &x[from..from + channels]);
        let mean = values().map(|&x| f64::from(x)).sum::<f64>() / count;
        let variance = values().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count;
        [mean as f32, (1.0 / (variance + self.epsilon).sqrt()) as f32]
    }

    /// Visits all values of a sample: the place in the input, in the output and in the parameters.
    fn each_value(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let pixels = self.input.pixels();
        for (pixel, (from, to)) in self.input.each_pixel().zip(self.output.each_pixel()).enumerate() {
            for channel in 0..self.input.channels() {
                visit(from + channel, to + channel, channel * pixels + pixel);
            }
        }
    }
}

impl Stage for LayerNorm {
    fn name(&self) -> &str {
        &self.name
    }

    fn output(&self) -> &Layout {
        &self.output
    }

    fn reserve(&mut self, _samples: usize, _threads: usize, training: bool) {
        if training {
            self.sums.reserve(PARTS * 2 * self.values());
        }
    }

    fn forward(&mut self, turn: &mut Turn<'_, '_>, x: &[f32], y: &mut [f32]) {
        let (scale, shift) = (turn.weights.get(self.parameter), turn.weights.get(self.parameter + 1));
        let len = self.input.len();
        parts::for_each(turn.team, turn.samples, [(y, self.output.len())], |sample, [y]| {
            let x = &x[sample * len..][..len];
            let [mean, rate] = self.measure(x);
            self.each_value(|from, to, i| y[to] = (x[from] - mean) * rate * scale[i] + shift[i]);
        });
    }

    fn backward(
        &mut self,
        turn: &mut Turn<'_, '_>,
        update: &Update<'_>,
        x: &[f32],
        _y: &[f32],
        gradient: &mut [f32],
        x_gradient: Option<&mut [f32]>,
    ) {
        let (samples, values) = (turn.samples, self.values());
        let (len, output) = (self.input.len(), self.output.len());
        if let Some(x_gradient) = x_gradient {
            let scale = turn.weights.get(self.parameter);
            parts::for_each(turn.team, samples, [(x_gradient, len)], |sample, [dx]| {
                let (x, gradient) = (&x[sample * len..][..len], &gradient[sample * output..][..output]);
                let [mean, rate] = self.measure(x);
                let [mut sum, mut along] = [0.0_f64; 2];
                self.each_value(|from, to, i| {
                    let term = f64::from(gradient[to] * scale[i]);
                    sum += term;
                    along += term * f64::from((x[from] - mean) * rate);
                });
                let [sum, along] = [sum, along].map(|sum| (sum / values as f64) as f32);
                self.each_value(|from, to, i| {
                    let normal = (x[from] - mean) * rate;
                    dx[from] = rate * (gradient[to] * scale[i] - sum - normal * along);
                });
            });
        }
        let count = samples.min(PARTS);
        let mut sums = std::mem::take(&mut self.sums);
        parts::for_each(turn.team, count, [(&mut sums, 2 * values)], |part, [sums]| {
            sums.fill(0.0);
            let (of_scale, of_shift) = sums.split_at_mut(values);
            for sample in part * samples / count..(part + 1) * samples / count {
                let (x, gradient) = (&x[sample * len..][..len], &gradient[sample * output..][..output]);
                let [mean, rate] = self.measure(x);
                self.each_value(|from, to, i| {
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
        for (i, gradient) in total.chunks(values).enumerate() {
            let trained = turn.weights.train(self.parameter + i);
            turn.finite &= update.run(Work::Values(turn.team, turn.isa, trained, gradient));
        }
    }
}
