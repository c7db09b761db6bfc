//! Batch normalisation.

use crate::layers::Pass;
use taper_kernels::simd::arena::Arena;
use taper_kernels::simd::parts;
use taper_kernels::simd::team::Team;
use taper_kernels::work::Work;

use super::layout::Layout;
use super::stage::{Stage, Turn, Update};

/// The most parts that sums over a batch are made of: a fixed number, so that they do not depend on
/// the threads.
const PARTS: usize = 32;

/// The stage.
pub struct BatchNorm {
    /// Among the phases.
    pub name: String,
    /// How much of the running averages is kept.
    pub momentum: f64,
    /// Added to the variance.
    pub epsilon: f64,
    /// The first parameter: scale, shift, running mean and running variance follow each other.
    pub parameter: usize,
    /// Where inputs are.
    pub input: Layout,
    /// Where outputs go.
    pub output: Layout,
    /// What is kept on the way.
    pub memory: Memory,
}

/// What the stage keeps, one value for each channel.
#[derive(Default)]
pub struct Memory {
    mean: Vec<f32>,
    /// 1 / √(σ² + ε).
    rate: Vec<f32>,
    /// Of the scale, then of the shift.
    gradients: [Vec<f32>; 2],
    sums: Arena,
}

impl BatchNorm {
    /// Sums over samples and pixels, for each channel, of both values that `term` gives for a value
    /// of the sample at `[input, output]`.
    fn sums(
        &mut self,
        team: &mut Team,
        samples: usize,
        term: impl Fn(usize, usize, usize) -> [f32; 2] + Sync,
    ) -> [Vec<f64>; 2] {
        let channels = self.input.channels();
        let (input, output) = (&self.input, &self.output);
        let count = samples.min(PARTS);
        let len = 2 * channels;
        parts::for_each(team, count, [(&mut self.memory.sums, len)], |part, [sums]| {
            sums.fill(0.0);
            let (first, second) = sums.split_at_mut(channels);
            for sample in part * samples / count..(part + 1) * samples / count {
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
        let sums = &self.memory.sums[..count * len];
        [0, channels].map(|start| {
            let total = |channel: usize| sums.chunks(len).map(|part| f64::from(part[start + channel])).sum();
            (0..channels).map(total).collect()
        })
    }

    /// Mean and variance of the batch; the running averages follow them.
    fn measure(&mut self, turn: &mut Turn<'_, '_>, x: &[f32]) {
        let count = (turn.samples * self.input.pixels()) as f64;
        let [sums, _] = self.sums(turn.team, turn.samples, |from, _, _| [x[from], 0.0]);
        let mean: Vec<f32> = sums.iter().map(|sum| (sum / count) as f32).collect();
        let [squares, _] = self.sums(turn.team, turn.samples, |from, _, channel| {
            let centred = x[from] - mean[channel];
            [centred * centred, 0.0]
        });
        let variance: Vec<f32> = squares.iter().map(|sum| (sum / count) as f32).collect();
        let momentum = self.momentum as f32;
        for (parameter, batch) in [(self.parameter + 2, &mean), (self.parameter + 3, &variance)] {
            for (running, batch) in turn.weights.parameters[parameter].iter_mut().zip(batch) {
                *running = *running * momentum + batch * (1.0 - momentum);
                // A batch's infinite variance makes all outputs the shift: nothing else would show it.
                turn.finite &= running.is_finite();
            }
        }
        self.set_rate(&variance);
        self.memory.mean = mean;
    }

    fn set_rate(&mut self, variance: &[f32]) {
        let epsilon = self.epsilon as f32;
        self.memory.rate = variance.iter().map(|variance| 1.0 / (variance + epsilon).sqrt()).collect();
    }
}

impl Stage for BatchNorm {
    fn name(&self) -> &str {
        &self.name
    }

    fn output(&self) -> &Layout {
        &self.output
    }

    fn reserve(&mut self, _samples: usize, _threads: usize, training: bool) {
        if training {
            self.memory.sums.reserve(PARTS * 2 * self.input.channels());
        }
    }

    fn forward(&mut self, turn: &mut Turn<'_, '_>, x: &[f32], y: &mut [f32]) {
        if let Pass::Training { .. } = turn.pass {
            self.measure(turn, x);
        } else {
            self.memory.mean = turn.weights.get(self.parameter + 2).to_vec();
            let variance = turn.weights.get(self.parameter + 3).to_vec();
            self.set_rate(&variance);
        }
        let (scale, shift) = (turn.weights.get(self.parameter), turn.weights.get(self.parameter + 1));
        let (input, output, memory) = (&self.input, &self.output, &self.memory);
        let channels = input.channels();
        parts::for_each(turn.team, turn.samples, [(y, output.len())], |sample, [y]| {
            let x = &x[sample * input.len()..][..input.len()];
            for (from, to) in input.each_pixel().zip(output.each_pixel()) {
                for channel in 0..channels {
                    let normal = (x[from + channel] - memory.mean[channel]) * memory.rate[channel];
                    y[to + channel] = normal * scale[channel] + shift[channel];
                }
            }
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
        let (mean, rate) = (self.memory.mean.clone(), self.memory.rate.clone());
        let sums = self.sums(turn.team, turn.samples, |from, to, channel| {
            let normal = (x[from] - mean[channel]) * rate[channel];
            [gradient[to] * normal, gradient[to]]
        });
        self.memory.gradients = sums.map(|sums| sums.iter().map(|&sum| sum as f32).collect());
        let [scale_gradient, shift_gradient] = &self.memory.gradients;
        if let Some(x_gradient) = x_gradient {
            let (input, output) = (&self.input, &self.output);
            let channels = input.channels();
            let count = (turn.samples * input.pixels()) as f32;
            let scale = turn.weights.get(self.parameter);
            parts::for_each(turn.team, turn.samples, [(x_gradient, input.len())], |sample, [dx]| {
                let x = &x[sample * input.len()..][..input.len()];
                let gradient = &gradient[sample * output.len()..][..output.len()];
                for (from, to) in input.each_pixel().zip(output.each_pixel()) {
                    for channel in 0..channels {
                        let normal = (x[from + channel] - mean[channel]) * rate[channel];
                        let common = (shift_gradient[channel] + normal * scale_gradient[channel]) / count;
                        dx[from + channel] =
                            scale[channel] * rate[channel] * (gradient[to + channel] - common);
                    }
                }
            });
        }
        for (i, gradient) in self.memory.gradients.iter().enumerate() {
            let trained = turn.weights.train(self.parameter + i);
            turn.finite &= update.run(Work::Values(turn.team, turn.isa, trained, gradient));
        }
    }
}
