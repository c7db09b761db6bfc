//! Consecutive stages, with the memory between them.

use taper_kernels::fused::fully_connected::rows;
use taper_kernels::simd::arena::Arena;

use super::clock::Clock;
use super::layout::Layout;
use super::stage::{Sink, Stage, StepContext};

/// The stages and their outputs.
pub struct Sequence {
    stages: Vec<Box<dyn Stage>>,
    /// The first stage that has trained parameters: no gradient is needed before it, except possibly that of the input.
    first_trained: usize,
    /// The output of every stage.
    values: Vec<Arena>,
    /// The gradients of the outputs, where needed.
    gradients: Vec<Arena>,
}

impl Sequence {
    /// `stages` without allocated memory, and the first one that has trained parameters.
    pub fn new(stages: Vec<Box<dyn Stage>>, first_trained: Option<usize>) -> Self {
        let first_trained = first_trained.unwrap_or(stages.len());
        let arenas = || stages.iter().map(|_| Arena::default()).collect();
        let (values, gradients) = (arenas(), arenas());
        Self { stages, first_trained, values, gradients }
    }

    /// The names of all stages.
    pub fn names(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        self.stages.iter().map(|stage| stage.name())
    }

    /// The first stage that has trained parameters, or the number of stages.
    pub fn first_trained(&self) -> usize {
        self.first_trained
    }

    /// The layout of the last output, if there are stages.
    pub fn layout(&self) -> Option<&Layout> {
        self.stages.last().map(|stage| stage.output())
    }

    /// The last output, if there are stages.
    pub fn output(&self) -> Option<&[f32]> {
        self.values.last().map(|values| &**values)
    }

    /// The buffer for the gradient of the last output.
    pub fn gradient(&mut self) -> Option<&mut [f32]> {
        self.gradients.last_mut().map(|gradient| &mut **gradient)
    }

    /// Allocates memory for batches of `samples` and, for a training step, for the backward pass; with
    /// `to_input`, also for the gradient of the input.
    pub fn reserve(&mut self, samples: usize, threads: usize, training: bool, to_input: bool) {
        let first = if to_input { 0 } else { self.first_trained };
        for (i, stage) in self.stages.iter_mut().enumerate() {
            let len = rows(samples) * stage.output().len();
            stage.reserve(samples, threads, training);
            self.values[i].reserve(len);
            if training && i >= first {
                self.gradients[i].reserve(len);
            }
        }
    }

    /// Runs all stages on `x`.
    pub fn forward(&mut self, context: &mut StepContext<'_, '_>, x: &[f32], clock: &mut Clock) {
        for (i, stage) in self.stages.iter_mut().enumerate() {
            let (before, after) = self.values.split_at_mut(i);
            stage.forward(context, before.last().map_or(x, |values| values), &mut after[0]);
            clock.mark();
        }
    }

    /// Propagates the gradient of the last output back to `x` if its gradient is requested, otherwise
    /// through all stages that have trained parameters or follow one that does.
    pub fn backward(
        &mut self,
        context: &mut StepContext<'_, '_>,
        sink: &Sink<'_>,
        x: &[f32],
        mut x_gradient: Option<&mut [f32]>,
        clock: &mut Clock,
    ) {
        let first = if x_gradient.is_some() { 0 } else { self.first_trained };
        for (i, stage) in self.stages.iter_mut().enumerate().skip(first).rev() {
            let (before, after) = self.gradients.split_at_mut(i);
            let before = match before.last_mut() {
                Some(gradient) => (i > first).then_some(&mut **gradient),
                None => x_gradient.take(),
            };
            let (inputs, outputs) = self.values.split_at(i);
            let (x, y) = (inputs.last().map_or(x, |values| values), &outputs[0]);
            stage.backward(context, sink, x, y, &mut after[0], before);
            clock.mark();
        }
    }
}
