//! Pooling that is not fused into a convolution.

use taper_kernels::fused::pooling as kernel;

use super::layout::Layout;
use super::stage::{Stage, Turn, Update};

/// The stage.
pub struct Pooling {
    /// Among the phases.
    pub name: String,
    /// Where outputs go.
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

    fn forward(&mut self, turn: &mut Turn<'_, '_>, x: &[f32], y: &mut [f32]) {
        self.kernel.forward(turn.team, turn.samples, x, y);
    }

    fn backward(
        &mut self,
        turn: &mut Turn<'_, '_>,
        _update: &Update<'_>,
        x: &[f32],
        _y: &[f32],
        gradient: &mut [f32],
        x_gradient: Option<&mut [f32]>,
    ) {
        if let Some(x_gradient) = x_gradient {
            self.kernel.backward(turn.team, turn.samples, x, gradient, x_gradient);
        }
    }
}
