//! Images to flat samples.

use taper_kernels::fused::channels_last::Flattening;

use super::layout::Layout;
use super::stage::{Sink, Stage, StepContext};

/// The stage.
pub struct Flatten {
    /// Its name among the phases.
    pub name: String,
    /// The layout of the images.
    pub input: Layout,
    /// The layout of the flat samples.
    pub output: Layout,
}

impl Flatten {
    fn kernel(&self) -> Flattening {
        Flattening::new(&self.input.image, self.input.channels(), self.output.len())
    }
}

impl Stage for Flatten {
    fn name(&self) -> &str {
        &self.name
    }

    fn output(&self) -> &Layout {
        &self.output
    }

    fn forward(&mut self, context: &mut StepContext<'_, '_>, x: &[f32], y: &mut [f32]) {
        self.kernel().forward(context.team, context.isa, context.samples, x, y);
    }

    fn backward(
        &mut self,
        context: &mut StepContext<'_, '_>,
        _sink: &Sink<'_>,
        _x: &[f32],
        _y: &[f32],
        gradient: &mut [f32],
        x_gradient: Option<&mut [f32]>,
    ) {
        if let Some(x_gradient) = x_gradient {
            self.kernel().backward(context.team, context.isa, context.samples, gradient, x_gradient);
        }
    }
}
