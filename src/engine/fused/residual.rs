//! A residual block: the output of its layers is added to its input, or to the output of a shortcut. An activation may follow.

use taper_kernels::fused::fully_connected::rows;
use taper_kernels::fused::{Grid, sum};
use taper_kernels::simd::arena::Arena;

use super::clock::Clock;
use super::layout::Layout;
use super::sequence::Sequence;
use super::stage::{Sink, Stage, StepContext};

/// The stage, which contains stages of its own.
pub struct Residual {
    /// Its name among the phases.
    pub name: String,
    /// The layout of the inputs.
    pub input: Layout,
    /// The layout of the sums.
    pub output: Layout,
    /// The activation's slope below 0 (0 for `relu`); `None` without an activation.
    pub slope: Option<f32>,
    /// The two terms of the sum.
    pub branches: [Branch; 2],
    /// The gradient of the sum, if an activation follows.
    pub gradient: Arena,
}

/// The stages from the block's input to one term of the sum; without stages, the input itself.
pub struct Branch {
    /// The layout of its input, which is a copy if the block's input has another layout.
    input: Layout,
    copy: Option<Arena>,
    stages: Sequence,
    x_gradient: Arena,
}

impl Branch {
    /// `stages` with input layout `input`; if `copies`, the branch copies the block's input first.
    pub fn new(stages: Sequence, input: Layout, copies: bool) -> Self {
        Self { input, copy: copies.then(Arena::default), stages, x_gradient: Arena::default() }
    }

    fn reserve(&mut self, samples: usize, threads: usize, training: bool) {
        let len = rows(samples) * self.input.len();
        if let Some(copy) = &mut self.copy {
            copy.reserve(len);
        }
        self.stages.reserve(samples, threads, training, true);
        if training && self.stages.layout().is_some() {
            self.x_gradient.reserve(len);
        }
    }

    fn forward(&mut self, context: &mut StepContext<'_, '_>, input: &Grid, x: &[f32]) {
        let x = match &mut self.copy {
            Some(copy) => {
                let team = (&mut *context.team, context.isa);
                sum::copy(team, context.samples, [input, &self.input.grid()], x, copy);
                &**copy
            }
            None => x,
        };
        self.stages.forward(context, x, &mut Clock::default());
    }

    /// Its term of the sum.
    fn output<'a>(&'a self, x: &'a [f32]) -> (Grid, &'a [f32]) {
        match (self.stages.layout(), self.stages.output()) {
            (Some(layout), Some(values)) => (layout.grid(), values),
            _ => (self.input.grid(), x),
        }
    }

    /// `output` is the layout of the sum's gradient.
    fn backward(
        &mut self,
        context: &mut StepContext<'_, '_>,
        sink: &Sink<'_>,
        x: &[f32],
        (output, gradient): (&Grid, &[f32]),
        to_input: bool,
    ) {
        let Some(own) = self.stages.layout().map(Layout::grid) else { return };
        if let Some(copy) = self.stages.gradient() {
            let team = (&mut *context.team, context.isa);
            sum::copy(team, context.samples, [output, &own], gradient, copy);
        }
        let x = self.copy.as_deref().unwrap_or(x);
        let x_gradient = to_input.then_some(&mut *self.x_gradient);
        self.stages.backward(context, sink, x, x_gradient, &mut Clock::default());
    }

    /// Its share of the gradient of the input: without stages, the gradient of the sum.
    fn share<'a>(&'a self, (output, gradient): (Grid, &'a [f32])) -> (Grid, &'a [f32]) {
        match self.stages.layout() {
            Some(_) => (self.input.grid(), &self.x_gradient),
            None => (output, gradient),
        }
    }
}

impl Stage for Residual {
    fn name(&self) -> &str {
        &self.name
    }

    fn output(&self) -> &Layout {
        &self.output
    }

    fn reserve(&mut self, samples: usize, threads: usize, training: bool) {
        for branch in &mut self.branches {
            branch.reserve(samples, threads, training);
        }
        if training && self.slope.is_some() {
            self.gradient.reserve(rows(samples) * self.output.len());
        }
    }

    fn forward(&mut self, context: &mut StepContext<'_, '_>, x: &[f32], y: &mut [f32]) {
        let input = self.input.grid();
        for branch in &mut self.branches {
            branch.forward(context, &input, x);
        }
        let sides = self.branches.each_ref().map(|branch| branch.output(x));
        let team = (&mut *context.team, context.isa);
        sum::add(team, context.samples, self.slope, sides, (self.output.grid(), y));
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
        let output = self.output.grid();
        let gradient = match self.slope {
            Some(slope) => {
                let team = (&mut *context.team, context.isa);
                sum::gradient(team, context.samples, slope, &output, [gradient, y], &mut self.gradient);
                &*self.gradient
            }
            None => gradient,
        };
        for branch in &mut self.branches {
            branch.backward(context, sink, x, (&output, gradient), x_gradient.is_some());
        }
        if let Some(x_gradient) = x_gradient {
            let shares = self.branches.each_ref().map(|branch| branch.share((output, gradient)));
            let team = (&mut *context.team, context.isa);
            sum::add(team, context.samples, None, shares, (self.input.grid(), x_gradient));
        }
    }
}
