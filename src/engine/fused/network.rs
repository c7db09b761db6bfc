//! A compiled network with the memory between its stages, shared by predictor and engine.

use taper_kernels::fused::fully_connected::{rows, stride};
use taper_kernels::fused::load::{Data, Load, Order};
use taper_kernels::simd::arena::Arena;

use super::clock::Clock;
use super::compile::Compiled;
use super::stage::{Sink, StepContext};
use crate::data::{Features, Samples};

/// The stages and the memory around them.
pub struct Network {
    /// The stages.
    pub compiled: Compiled,
    /// The network's input.
    input: Arena,
    /// The logits of the last pass, `[samples, outputs]` row by row.
    pub logits: Vec<f32>,
    /// The gradient of the sum of losses with respect to the logits.
    pub gradient: Vec<f32>,
}

impl Network {
    /// A network without allocated memory.
    pub fn new(compiled: Compiled) -> Self {
        Self { compiled, input: Arena::default(), logits: Vec::new(), gradient: Vec::new() }
    }

    fn outputs(&self) -> usize {
        let Compiled { stages, input, .. } = &self.compiled;
        stages.layout().unwrap_or(input).channels()
    }

    /// Allocates memory for batches of `samples` and, for a training step, for the backward pass.
    pub fn reserve(&mut self, samples: usize, threads: usize, training: bool) {
        let Compiled { stages, input, .. } = &mut self.compiled;
        self.input.reserve(rows(samples) * input.len());
        stages.reserve(samples, threads, training, false);
    }

    /// Loads the samples, runs all stages, and extracts the logits.
    pub fn forward(&mut self, context: &mut StepContext<'_, '_>, samples: &Samples<'_>, clock: &mut Clock) {
        let outputs = self.outputs();
        let Compiled { input, stages, shares_inputs, .. } = &mut self.compiled;
        let order = match input.shape.image() {
            Some(_) => Order::ChannelsLast(input.image),
            None if *shares_inputs => Order::Columns(input.len()),
            None => Order::Flat(input.len()),
        };
        let data = match samples.features {
            Features::Bytes(bytes) => Data::Bytes(bytes),
            Features::Floats(floats) => Data::Floats(floats),
        };
        let channels = samples.shape.0.first().copied().unwrap_or(1).max(1);
        let size = samples.shape.elements().unwrap_or(0) / channels;
        let (scale, shift) = (samples.scaling.scale(), samples.scaling.shift());
        let load = Load { data, indices: samples.indices, channels, size, scale, shift, order };
        load.run(context.team, context.isa, &mut self.input);
        clock.mark();
        stages.forward(context, &self.input, clock);
        let last = stages.output().unwrap_or(&self.input);
        self.logits.clear();
        for row in last.chunks_exact(stride(outputs)).take(context.samples) {
            self.logits.extend_from_slice(&row[..outputs]);
        }
    }

    /// Propagates the gradient of the sum of losses, divided by `whole`, back through all stages that have
    /// trained parameters or follow one that does.
    pub fn backward(
        &mut self,
        context: &mut StepContext<'_, '_>,
        sink: &Sink<'_>,
        whole: usize,
        clock: &mut Clock,
    ) {
        self.seed_gradient(whole);
        clock.mark();
        self.compiled.stages.backward(context, sink, &self.input, None, clock);
    }

    /// Writes the gradient of the last stage's output, for the mean over `whole` samples, from the gradient
    /// of the logits.
    fn seed_gradient(&mut self, whole: usize) {
        let outputs = self.outputs();
        let Some(last) = self.compiled.stages.gradient() else { return };
        let scale = 1.0 / whole as f32;
        for (row, gradient) in
            last.chunks_exact_mut(stride(outputs)).zip(self.gradient.chunks_exact(outputs.max(1)))
        {
            row.iter_mut().zip(gradient).for_each(|(to, gradient)| *to = gradient * scale);
        }
    }
}
