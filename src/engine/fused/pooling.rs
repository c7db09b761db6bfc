//! Pooling that is not fused into a convolution.

use taper_kernels::fused::pooling as kernel;

use super::layout::Layout;
use super::stage::{Sink, Stage, StepContext};

/// The stage.
pub struct Pooling {
    /// Its name among the phases.
    pub name: String,
    /// The layout of the outputs.
    pub output: Layout,
    /// The windows.
    pub kernel: kernel::Pooling,
}

impl Stage for Pooling {
    fn name(&self) -> &str {
        &self.name
    }

    fn output(&self) -> &Layout {
        &self.output
    }

    fn forward(&mut self, context: &mut StepContext<'_, '_>, x: &[f32], y: &mut [f32]) {
        self.kernel.forward(context.team, context.samples, x, y);
    }

    fn backward(
        &mut self,
        context: &mut StepContext<'_, '_>,
        _sink: &Sink<'_>,
        x: &[f32],
        _y: &[f32],
        gradient: &mut [f32],
        x_gradient: Option<&mut [f32]>,
    ) {
        if let Some(x_gradient) = x_gradient {
            self.kernel.backward(context.team, context.samples, x, gradient, x_gradient);
        }
    }
}
