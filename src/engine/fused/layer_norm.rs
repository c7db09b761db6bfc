//! Layer normalisation.

use taper_kernels::fused::layer_norm as kernel;
use taper_kernels::work::Work;

use super::layout::Layout;
use super::stage::{Stage, Turn, Update};

/// The stage.
pub struct LayerNorm {
    name: String,
    /// The first parameter: scale and shift, of a sample's shape, follow each other.
    parameter: usize,
    output: Layout,
    kernel: kernel::LayerNorm,
}

impl LayerNorm {
    /// A stage called `name` from `input` to `output`, whose parameters begin with `parameter`.
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

    fn forward(&mut self, turn: &mut Turn<'_, '_>, x: &[f32], y: &mut [f32]) {
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
        if let Some(x_gradient) = x_gradient {
            let scale = turn.weights.get(self.parameter);
            self.kernel.to_inputs(turn.team, turn.samples, scale, [x, gradient], x_gradient);
        }
        let gradients = self.kernel.to_parameters(turn.team, turn.samples, [x, gradient]);
        for (i, gradient) in gradients.into_iter().enumerate() {
            let trained = turn.weights.train(self.parameter + i);
            turn.finite &= update.run(Work::Values(turn.team, turn.isa, trained, gradient));
        }
    }
}
