//! A dense layer with its bias, activation and dropout.

use crate::layers::Mode;
use crate::random::{Purpose, Stream};
use taper_kernels::fused::fully_connected::chain::{self, Each, Gradient};
use taper_kernels::fused::fully_connected::{
    Backward, Delta, Forward, ForwardWeights, Lists, ONE_SHARE, Prepared, Scratch, rows, stride,
};
use taper_kernels::simd::arena::Arena;
use taper_kernels::simd::parts;
use taper_kernels::work::Work;

use super::layout::Layout;
use super::stage::{Sink, Stage, StepContext};

/// With more samples, the threads share these where they cannot share the inputs.
const FEW: usize = 64;

/// The stage.
pub struct Dense {
    /// Its name among the phases.
    pub name: String,
    /// The layout of the outputs.
    pub output: Layout,
    /// Inputs per sample.
    pub inputs: usize,
    /// The index of the parameter `[units, inputs]`.
    pub weight: usize,
    /// The index of the parameter `[units]`.
    pub bias: Option<usize>,
    /// The activation's slope below 0 (0 for `relu`); `None` without an activation.
    pub slope: Option<f32>,
    /// The dropout rate, and the number of the dropout layer.
    pub dropout: Option<(f64, u64)>,
    /// Memory for the backward pass.
    pub memory: Memory,
}

/// The memory of a dense stage.
#[derive(Default)]
pub struct Memory {
    mask: Arena,
    transposed: Arena,
    lists: Lists,
    prepared: Prepared,
    scratch: Scratch,
}

impl Memory {
    /// The mask, and the memory for the transposed gradient.
    pub fn on_the_way_back(&mut self) -> (&[f32], &mut [f32]) {
        (&self.mask, &mut self.transposed)
    }
}

impl Dense {
    /// Outputs per sample.
    pub fn units(&self) -> usize {
        self.output.channels()
    }

    /// Whether outputs are multiplied by a mask in this pass.
    pub fn is_masked(&self, mode: Mode) -> bool {
        self.dropout.is_some() && matches!(mode, Mode::Training { .. })
    }

    /// The mask drawn for this pass, if any.
    pub fn mask(&self, mode: Mode) -> Option<&[f32]> {
        self.is_masked(mode).then_some(&*self.memory.mask)
    }

    /// Draws the mask of a training step, if there is dropout.
    pub fn draw_mask(&mut self, context: &mut StepContext<'_, '_>) {
        let (Some((rate, layer)), Mode::Training { seed, step, first }) = (self.dropout, context.mode) else {
            return;
        };
        let units = self.units();
        parts::for_each(
            context.team,
            context.samples,
            [(&mut self.memory.mask, stride(units))],
            |sample, [row]| {
                let mut stream = Stream::new(seed, Purpose::Dropout, [step, layer]);
                stream.skip_to(((first + sample) * units) as u64);
                stream.dropout_mask(rate, &mut row[..units]);
            },
        );
    }
}

impl Dense {
    /// The gradient of the inputs, if it is needed, from that of the pre-activations: the backward pass of a chain of one layer,
    /// without an activation.
    fn inputs_gradient(
        &mut self,
        context: &mut StepContext<'_, '_>,
        y: &[f32],
        gradient: &mut [f32],
        x_gradient: Option<&mut [f32]>,
    ) {
        if x_gradient.is_none() {
            return;
        }
        let mut layers: Each<Gradient<'_>> = Default::default();
        layers[0] = Some(Gradient {
            inputs: self.inputs,
            units: self.output.channels(),
            weight: context.weights.get(self.weight),
            slope: None,
            mask: None,
            y,
            gradient,
            transposed: &mut self.memory.transposed,
        });
        chain::backward(context.team, context.isa, context.samples, layers, x_gradient);
    }
}

impl Stage for Dense {
    fn name(&self) -> &str {
        &self.name
    }

    fn output(&self) -> &Layout {
        &self.output
    }

    fn reserve(&mut self, samples: usize, _threads: usize, training: bool) {
        if training {
            self.memory.transposed.reserve(self.units() * rows(samples));
            self.memory.lists.reserve(samples, self.units());
            if self.dropout.is_some() {
                self.memory.mask.reserve(rows(samples) * stride(self.units()));
            }
        }
    }

    fn forward(&mut self, context: &mut StepContext<'_, '_>, x: &[f32], y: &mut [f32]) {
        self.draw_mask(context);
        let (masked, sizes) = (self.is_masked(context.mode), [self.inputs, self.units()]);
        let Memory { mask, prepared, scratch, .. } = &mut self.memory;
        let plain = context.weights.get(self.weight);
        let shares_samples = self.inputs <= ONE_SHARE && context.samples > FEW;
        let weight = if context.weights.fixed || shares_samples {
            if !(context.weights.fixed && prepared.is_ready()) {
                prepared.prepare(context.team, context.isa, sizes, plain);
            }
            ForwardWeights::Prepared(prepared)
        } else {
            ForwardWeights::Plain(plain, sizes)
        };
        let forward = Forward {
            samples: context.samples,
            x,
            weight,
            bias: self.bias.map(|bias| context.weights.get(bias)),
            slope: self.slope,
            mask: masked.then_some(&**mask),
            y,
        };
        forward.run(context.team, context.isa, scratch);
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
        let (samples, units, isa) = (context.samples, self.units(), context.isa);
        let masked = self.is_masked(context.mode);
        context.finite &= sink.run(Work::Delta(Delta {
            team: context.team,
            isa,
            samples,
            units,
            y,
            slope: self.slope,
            mask: masked.then_some(&*self.memory.mask),
            gradient,
            transposed: &mut self.memory.transposed,
            bias: self.bias.and_then(|bias| context.weights.train(bias)),
        }));
        let Some(weight) = context.weights.train(self.weight) else {
            return self.inputs_gradient(context, y, gradient, x_gradient);
        };
        context.finite &= sink.run(Work::Backward(Backward {
            team: context.team,
            isa,
            samples,
            inputs: self.inputs,
            units,
            x,
            delta: gradient,
            transposed: &self.memory.transposed,
            weight,
            x_gradient,
            lists: Some(&mut self.memory.lists),
        }));
    }
}
