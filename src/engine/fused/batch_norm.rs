//! Batch normalization, with an activation.

use taper_kernels::fused::batch_norm::{self as kernel, update_running};

use super::layout::Layout;
use super::stage::{Sink, Stage, StepContext};
use crate::layers::Mode;

/// The stage.
pub struct BatchNorm {
    name: String,
    /// The share of the running averages kept at each step; `None` if training uses them unchanged.
    momentum: Option<f64>,
    /// Added to the variance.
    epsilon: f64,
    /// The index of the first parameter; scale, shift, running mean and running variance follow in this
    /// order.
    parameter: usize,
    output: Layout,
    kernel: kernel::BatchNorm,
}

impl BatchNorm {
    /// A stage called `name` from `input` to `output`, whose first parameter is `parameter`, with an activation's slope below 0.
    pub fn new(
        name: String,
        (momentum, epsilon): (Option<f64>, f64),
        parameter: usize,
        input: &Layout,
        output: Layout,
        slope: Option<f32>,
    ) -> Self {
        let kernel = kernel::BatchNorm::new(input.grid(), output.grid(), slope);
        let kernel = if momentum.is_none() { kernel.with_constant_statistics() } else { kernel };
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

    fn forward(&mut self, context: &mut StepContext<'_, '_>, x: &[f32], y: &mut [f32]) {
        if let (Some(momentum), Mode::Training { .. }) = (self.momentum, context.mode) {
            let batch = self.kernel.statistics((context.team, context.isa), context.samples, x);
            for (i, batch) in batch.iter().enumerate() {
                let running = &mut *context.weights.parameters[self.parameter + 2 + i];
                context.finite &= update_running(running, batch, momentum);
            }
            self.kernel.set(&batch[0], &batch[1], self.epsilon);
        } else {
            let [mean, variance] = [2, 3].map(|i| context.weights.get(self.parameter + i));
            self.kernel.set(mean, variance, self.epsilon);
        }
        let parameters = [0, 1].map(|i| context.weights.get(self.parameter + i));
        self.kernel.forward((context.team, context.isa), context.samples, parameters, x, y);
    }

    fn backward(
        &mut self,
        context: &mut StepContext<'_, '_>,
        sink: &Sink<'_>,
        x: &[f32],
        y: &[f32],
        gradient: &mut [f32],
        x_gradient: Option<&mut [f32]>,
    ) {
        let scale = context.weights.get(self.parameter);
        let team = (&mut *context.team, context.isa);
        let gradients = self.kernel.backward(team, context.samples, scale, [x, y], gradient, x_gradient);
        for (i, gradient) in gradients.iter().enumerate() {
            context.update(sink, self.parameter + i, gradient);
        }
    }
}
