//! Random changes to values during training: dropout that is not fused into a dense layer, and noise.

use taper_kernels::fused::mask::{self, Change};
use taper_kernels::simd::arena::Arena;
use taper_kernels::simd::parts;

use crate::layers::Mode;
use crate::ops::{Unit, gaussian_noise};
use crate::random::{Purpose, Stream};

use super::layout::Layout;
use super::stage::{Sink, Stage, StepContext};

/// The stage.
pub struct Perturbation {
    /// Its name among the phases.
    pub name: String,
    pub kind: Kind,
    /// The number of the layer.
    pub layer: u64,
    /// The layout of the inputs.
    pub input: Layout,
    /// The layout of the outputs.
    pub output: Layout,
    /// The numbers of the last step, sample by sample in the order of the layer's shape.
    pub drawn: Arena,
}

/// What is done to the values.
#[derive(Clone, Copy)]
pub enum Kind {
    /// They are multiplied by the mask of this rate; `unit` values become 0 together.
    Dropout { rate: f64, unit: usize },
    /// Noise of this standard deviation is added.
    Noise { deviation: f64 },
}

impl Kind {
    /// Draws the numbers of the sample at index `index` of the batch.
    fn draw(self, seed: u64, counters: [u64; 2], index: usize, to: &mut [f32]) {
        let stream = |purpose| Stream::new(seed, purpose, counters);
        match self {
            Self::Dropout { rate, unit } => {
                Unit::draw(unit, rate, stream(Purpose::Dropout), index, to.len(), to);
            }
            Self::Noise { deviation } => gaussian_noise::draw(stream(Purpose::Noise), deviation, index, to),
        }
    }

    fn change(self, drawn: &[f32]) -> Change<'_> {
        match self {
            Self::Dropout { .. } => Change::Times(drawn),
            Self::Noise { .. } => Change::Plus(drawn),
        }
    }

    /// What is done to the gradient.
    fn gradient(self, drawn: &[f32]) -> Change<'_> {
        match self {
            Self::Dropout { .. } => Change::Times(drawn),
            Self::Noise { .. } => Change::None,
        }
    }
}

impl Stage for Perturbation {
    fn name(&self) -> &str {
        &self.name
    }

    fn output(&self) -> &Layout {
        &self.output
    }

    fn reserve(&mut self, samples: usize, _threads: usize, training: bool) {
        if training {
            self.drawn.reserve(samples * self.input.grid().values());
        }
    }

    fn forward(&mut self, context: &mut StepContext<'_, '_>, x: &[f32], y: &mut [f32]) {
        let (input, output) = (self.input.grid(), self.output.grid());
        let change = match context.mode {
            Mode::Training { seed, step, first } => {
                let (kind, counters) = (self.kind, [step, self.layer]);
                let drawn = [(&mut self.drawn[..], input.values())];
                parts::for_each(context.team, context.samples, drawn, |sample, [drawn]| {
                    kind.draw(seed, counters, first + sample, drawn);
                });
                self.kind.change(&self.drawn)
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
        let change = self.kind.gradient(&self.drawn);
        mask::apply(context.team, context.samples, grids, change, gradient, x_gradient);
    }
}
