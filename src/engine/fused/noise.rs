//! Noise that is added during training.

use taper_kernels::fused::mask::{self, Change};
use taper_kernels::simd::arena::Arena;
use taper_kernels::simd::parts;

use crate::layers::Mode;
use crate::ops::gaussian_noise;
use crate::random::{Purpose, Stream};

use super::layout::Layout;
use super::stage::{Sink, Stage, StepContext};

/// The stage.
pub struct Noise {
    /// Its name among the phases.
    pub name: String,
    /// The standard deviation.
    pub deviation: f64,
    /// The number of the layer.
    pub layer: u64,
    /// The layout of the inputs.
    pub input: Layout,
    /// The layout of the outputs.
    pub output: Layout,
    /// The numbers of the last step, sample by sample in the order of the layer's shape.
    pub added: Arena,
}

impl Stage for Noise {
    fn name(&self) -> &str {
        &self.name
    }

    fn output(&self) -> &Layout {
        &self.output
    }

    fn reserve(&mut self, samples: usize, _threads: usize, training: bool) {
        if training {
            self.added.reserve(samples * self.input.grid().values());
        }
    }

    fn forward(&mut self, context: &mut StepContext<'_, '_>, x: &[f32], y: &mut [f32]) {
        let (input, output) = (self.input.grid(), self.output.grid());
        let change = match context.mode {
            Mode::Training { seed, step, first } => {
                let (len, deviation, layer) = (input.values(), self.deviation, self.layer);
                let slices = [(&mut self.added[..], len)];
                parts::for_each(context.team, context.samples, slices, |sample, [noise]| {
                    let stream = Stream::new(seed, Purpose::Noise, [step, layer]);
                    gaussian_noise::draw(stream, deviation, first + sample, noise);
                });
                Change::Plus(&self.added)
            }
            Mode::Inference => Change::None,
        };
        mask::apply(context.team, context.samples, [&input, &output], change, x, y);
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
        let Some(x_gradient) = x_gradient else { return };
        let grids = [&self.output.grid(), &self.input.grid()];
        mask::apply(context.team, context.samples, grids, Change::None, gradient, x_gradient);
    }
}
