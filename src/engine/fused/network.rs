//! A compiled network with the memory between its stages: what predictor and engine have in common.

use taper_kernels::fused::fully_connected::{rows, stride};
use taper_kernels::fused::load::{Load, Order, Source};
use taper_kernels::simd::arena::Arena;

use super::clock::Clock;
use super::compile::Compiled;
use super::stage::{Sink, StepContext};
use crate::data::{Features, Samples};

/// The stages, and what lies between them.
pub struct Network {
    /// The stages.
    pub compiled: Compiled,
    /// The network's input, and every stage's output.
    values: Vec<Arena>,
    /// Their gradients, as far as they are needed.
    gradients: Vec<Arena>,
    /// Those of the last pass, `[samples, outputs]` row by row.
    pub logits: Vec<f32>,
    /// The gradient of the sum of losses with respect to the logits.
    pub gradient: Vec<f32>,
}

impl Network {
    /// A network without memory yet.
    pub fn new(compiled: Compiled) -> Self {
        let arenas = || (0..=compiled.stages.len()).map(|_| Arena::default()).collect();
        let (values, gradients) = (arenas(), arenas());
        Self { compiled, values, gradients, logits: Vec::new(), gradient: Vec::new() }
    }

    fn outputs(&self) -> usize {
        let Compiled { stages, input, .. } = &self.compiled;
        stages.last().map_or(input.channels(), |stage| stage.output().channels())
    }

    /// Makes room for batches of `samples`, and for a training step what the way back needs.
    pub fn reserve(&mut self, samples: usize, threads: usize, training: bool) {
        let Compiled { stages, input, first_trained, .. } = &mut self.compiled;
        self.values[0].reserve(rows(samples) * input.len());
        for (i, stage) in stages.iter_mut().enumerate() {
            let len = rows(samples) * stage.output().len();
            stage.reserve(samples, threads, training);
            self.values[i + 1].reserve(len);
            if training && i >= *first_trained {
                self.gradients[i + 1].reserve(len);
            }
        }
    }

    /// Loads the samples, runs all stages, and takes the logits.
    pub fn forward(&mut self, context: &mut StepContext<'_, '_>, samples: &Samples<'_>, clock: &mut Clock) {
        let outputs = self.outputs();
        let Compiled { input, stages, shares_inputs, .. } = &mut self.compiled;
        let order = match input.shape.image() {
            Some(_) => Order::ChannelsLast(input.image),
            None if *shares_inputs => Order::Columns(input.len()),
            None => Order::Flat(input.len()),
        };
        let source = match samples.features {
            Features::Bytes(bytes) => Source::Bytes(bytes),
            Features::Floats(floats) => Source::Floats(floats),
        };
        let channels = samples.shape.0.first().copied().unwrap_or(1).max(1);
        let size = samples.shape.elements().unwrap_or(0) / channels;
        let (scale, shift) = (samples.scaling.scale(), samples.scaling.shift());
        let load = Load { source, indices: samples.indices, channels, size, scale, shift, order };
        load.run(context.team, context.isa, &mut self.values[0]);
        clock.mark();
        for (i, stage) in stages.iter_mut().enumerate() {
            let (before, after) = self.values.split_at_mut(i + 1);
            stage.forward(context, &before[i], &mut after[0]);
            clock.mark();
        }
        let last = &self.values[stages.len()];
        self.logits.clear();
        for row in last.chunks_exact(stride(outputs)).take(context.samples) {
            self.logits.extend_from_slice(&row[..outputs]);
        }
    }

    /// From the gradient of the sum of losses, divided by `whole`, back through all stages that have
    /// parameters or follow one that has.
    pub fn backward(
        &mut self,
        context: &mut StepContext<'_, '_>,
        sink: &Sink<'_>,
        whole: usize,
        clock: &mut Clock,
    ) {
        self.seed_gradient(whole);
        clock.mark();
        let first = self.compiled.first_trained;
        for (i, stage) in self.compiled.stages.iter_mut().enumerate().skip(first).rev() {
            let (before, after) = self.gradients.split_at_mut(i + 1);
            let x_gradient = (i > first).then(|| &mut *before[i]);
            let (x, y) = (&self.values[i], &self.values[i + 1]);
            stage.backward(context, sink, x, y, &mut after[0], x_gradient);
            clock.mark();
        }
    }

    /// The logits' gradient becomes that of the last stage's output, of the mean over `whole` samples.
    fn seed_gradient(&mut self, whole: usize) {
        let outputs = self.outputs();
        let Some(last) = self.gradients.last_mut() else { return };
        let scale = 1.0 / whole as f32;
        for (row, gradient) in
            last.chunks_exact_mut(stride(outputs)).zip(self.gradient.chunks_exact(outputs.max(1)))
        {
            row.iter_mut().zip(gradient).for_each(|(to, gradient)| *to = gradient * scale);
        }
    }
}
