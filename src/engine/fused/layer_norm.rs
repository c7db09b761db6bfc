//! Layer normalization.

use taper_kernels::fused::layer_norm as kernel;

use super::layout::Layout;
use super::stage::{Sink, Stage, StepContext};

/// The stage.
pub struct LayerNorm {
    name: String,
    /// The index of the first parameter: scale, then shift, both of a sample's shape.
    parameter: usize,
    output: Layout,
    kernel: kernel::LayerNorm,
}

impl LayerNorm {
    /// A stage called `name` from `input` to `output`, whose first parameter is `parameter`.
    pub fn new(name: String, epsilon: f64, parameter: usize, input: &Layout, output: Layout) -> Self {
        let kernel = kernel::LayerNorm::new(input.grid(), output.grid(), epsilon);
        Self { name, parameter, output, kernel }
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
            self.kernel.reserve();
        }
    }

    fn forward(&mut self, context: &mut StepContext<'_, '_>, x: &[f32], y: &mut [f32]) {
        let parameters = [0, 1].map(|i| context.weights.get(self.parameter + i));
        self.kernel.forward(context.team, context.samples, parameters, x, y);
    }

    fn backward(
        &mut self,
        context: &mut StepContext<'_, '_>,
        sink: &Sink<'_>,
        x: &[f32],
        _y: &[f32],
        gradient: &mut [f32],
        x_gradient: Option<&mut [f32]>,
    ) {
        if let Some(x_gradient) = x_gradient {
            let scale = context.weights.get(self.parameter);
            self.kernel.to_inputs(context.team, context.samples, scale, [x, gradient], x_gradient);
        }
        let gradients = self.kernel.to_parameters(context.team, context.samples, [x, gradient]);
        for (i, gradient) in gradients.into_iter().enumerate() {
            context.update(sink, self.parameter + i, gradient);
        }
    }
}
