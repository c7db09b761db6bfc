//! Batch normalisation.

use taper_kernels::fused::batch_norm::{self as kernel, follow};
use taper_kernels::work::Work;

use super::layout::Layout;
use super::stage::{Stage, Turn, Update};
use crate::layers::Pass;

/// The stage.
pub struct BatchNorm {
    name: String,
    /// How much of the running averages is kept.
    momentum: f64,
    /// Added to the variance.
    epsilon: f64,
    /// The first parameter: scale, shift, running mean and running variance follow each other.
    parameter: usize,
    output: Layout,
    kernel: kernel::BatchNorm,
}

impl BatchNorm {
    /// A stage called `name` from `input` to `output`, whose parameters begin with `parameter`.
    pub fn new(
        name: String,
        [momentum, epsilon]: [f64; 2],
        parameter: usize,
        input: &Layout,
        output: Layout,
    ) -> Self {
        let kernel = kernel::BatchNorm::new(input.grid(), output.grid());
        Self { name, momentum, epsilon, parameter, output, kernel }
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
            self.kernel.reserve();
        }
    }

    fn forward(&mut self, turn: &mut Turn<'_, '_>, x: &[f32], y: &mut [f32]) {
        if let Pass::Training { .. } = turn.pass {
            let batch = self.kernel.statistics(turn.team, turn.samples, x);
            for (i, batch) in batch.iter().enumerate() {
                let running = &mut *turn.weights.parameters[self.parameter + 2 + i];
                turn.finite &= follow(running, batch, self.momentum);
            }
            self.kernel.set(&batch[0], &batch[1], self.epsilon);
        } else {
            let [mean, variance] = [2, 3].map(|i| turn.weights.get(self.parameter + i));
            self.kernel.set(mean, variance, self.epsilon);
        }
        let parameters = [0, 1].map(|i| turn.weights.get(self.parameter + i));
        self.kernel.forward(turn.team, turn.samples, parameters, x, y);
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
        let scale = turn.weights.get(self.parameter);
        let gradients = self.kernel.backward(turn.team, turn.samples, scale, x, gradient, x_gradient);
        for (i, gradient) in gradients.iter().enumerate() {
            let trained = turn.weights.train(self.parameter + i);
            turn.finite &= update.run(Work::Values(turn.team, turn.isa, trained, gradient));
        }
    }
}
