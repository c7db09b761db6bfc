//! Dropout that is not fused into a dense layer.

use taper_kernels::fused::mask::{self, Change};
use taper_kernels::simd::arena::Arena;
use taper_kernels::simd::parts;

use crate::layers::Mode;
use crate::ops::Unit;
use crate::random::{Purpose, Stream};

use super::layout::Layout;
use super::stage::{Sink, Stage, StepContext};

/// The stage.
pub struct Dropout {
    /// Its name among the phases.
    pub name: String,
    /// The dropout rate.
    pub rate: f64,
    /// The number of values that are set to 0 together.
    pub unit: usize,
    /// The number of the layer.
    pub layer: u64,
    /// The layout of the inputs.
    pub input: Layout,
    /// The layout of the outputs.
    pub output: Layout,
    /// The factors of the last step, sample by sample in the order of the layer's shape.
    pub mask: Arena,
}

impl Stage for Dropout {
    fn name(&self) -> &str {
        &self.name
    }

    fn output(&self) -> &Layout {
        &self.output
    }

    fn reserve(&mut self, samples: usize, _threads: usize, training: bool) {
        if training {
            self.mask.reserve(samples * self.input.grid().values());
        }
    }

    fn forward(&mut self, context: &mut StepContext<'_, '_>, x: &[f32], y: &mut [f32]) {
        let (input, output) = (self.input.grid(), self.output.grid());
        let change = match context.mode {
            Mode::Training { seed, step, first } => {
                let len = input.values();
                let (rate, unit, layer) = (self.rate, self.unit, self.layer);
                parts::for_each(context.team, context.samples, [(&mut self.mask, len)], |sample, [mask]| {
                    let stream = Stream::new(seed, Purpose::Dropout, [step, layer]);
                    Unit::draw(unit, rate, stream, first + sample, len, mask);
                });
                Change::Times(&self.mask)
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
        mask::apply(context.team, context.samples, grids, Change::Times(&self.mask), gradient, x_gradient);
    }
}
