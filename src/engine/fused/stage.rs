//! A stage of a step, and its context.

use crate::layers::Mode;
use crate::optimizer::Optimizer;
use taper_kernels::rule::{Accumulate, MAX_STATE, Trained};
use taper_kernels::simd::lanes::Isa;
use taper_kernels::simd::team::Team;
use taper_kernels::work::Work;

use super::layout::Layout;

/// One or more layers that are computed together.
///
/// Values between stages are in arenas, in the stages' layouts; flat samples come in whole groups of rows.
/// A stage stores what its backward pass needs.
pub trait Stage: Send {
    /// Its name among the phases of a step, such as `dense 3`.
    fn name(&self) -> &str;

    /// The layout of its output.
    fn output(&self) -> &Layout;

    /// Allocates memory for batches of `samples` and, for a training step, for the backward pass.
    fn reserve(&mut self, _samples: usize, _threads: usize, _training: bool) {}

    /// Computes `y` from `x`.
    fn forward(&mut self, context: &mut StepContext<'_, '_>, x: &[f32], y: &mut [f32]);

    /// Takes the gradient of `y`, which it may overwrite, computes the gradient of `x` if requested, and
    /// passes the gradients of its parameters to `sink`.
    fn backward(
        &mut self,
        context: &mut StepContext<'_, '_>,
        sink: &Sink<'_>,
        x: &[f32],
        y: &[f32],
        gradient: &mut [f32],
        x_gradient: Option<&mut [f32]>,
    );
}

/// What the stages of one pass share.
pub struct StepContext<'a, 'b> {
    /// The thread team.
    pub team: &'a mut Team,
    /// The instruction set.
    pub isa: Isa,
    /// The number of samples in this pass.
    pub samples: usize,
    /// Whether the pass is for training or inference.
    pub mode: Mode,
    /// The network's parameters and the optimizer state.
    pub weights: Weights<'a, 'b>,
    /// Whether all values that this pass has written to them are finite; every stage that writes must
    /// update it.
    pub finite: bool,
}

/// What happens to gradients.
pub enum Sink<'a> {
    /// They update the parameters at once, with the optimizer's current step.
    Update(&'a dyn Optimizer),
    /// They are added to the accumulated gradient, which is the first kind of state.
    Accumulate,
}

impl StepContext<'_, '_> {
    /// Passes the `gradient` of parameter `index` to `sink`, if it is trained.
    pub fn update(&mut self, sink: &Sink<'_>, index: usize, gradient: &[f32]) {
        if let Some(trained) = self.weights.train(index) {
            self.finite &= sink.run(Work::Values(self.team, self.isa, trained, gradient));
        }
    }
}

impl Sink<'_> {
    /// Runs `work`, which ends with an update, and returns whether all new values are finite.
    #[must_use]
    pub fn run(&self, work: Work<'_>) -> bool {
        match self {
            Self::Update(optimizer) => optimizer.update(None, work),
            Self::Accumulate => work.run(Accumulate),
        }
    }
}

/// All parameters in the order of the network, and the state of the trained ones.
pub struct Weights<'a, 'b> {
    /// All parameters, trained or not.
    pub parameters: &'a mut [&'b mut [f32]],
    /// The state, kind by kind in the order of the trained parameters; empty outside of training.
    pub state: &'a mut [&'b mut [f32]],
    /// For each parameter, its index among the trained parameters.
    pub trained: &'a [Option<usize>],
    /// Whether the parameters are the same in every pass, so that what is prepared from them can be kept.
    pub fixed: bool,
}

impl Weights<'_, '_> {
    /// Parameter `index`.
    pub fn get(&self, index: usize) -> &[f32] {
        self.parameters[index]
    }

    /// Parameter `index` with its state, to update, unless it is not trained.
    pub fn train(&mut self, index: usize) -> Option<Trained<'_>> {
        let (place, count) = (self.trained[index]?, self.trained.iter().flatten().count());
        let mut state: [&mut [f32]; MAX_STATE] = [&mut [], &mut []];
        for (own, kind) in state.iter_mut().zip(self.state.chunks_mut(count.max(1))) {
            *own = &mut *kind[place];
        }
        Some(Trained { theta: &mut *self.parameters[index], state })
    }

    /// Several parameters with their state, in the order of `indices`, where given.
    pub fn train_all<const N: usize>(
        &mut self,
        indices: &[[Option<usize>; 2]; N],
    ) -> [[Option<Trained<'_>>; 2]; N] {
        let count = self.trained.iter().flatten().count();
        let mut all = [const { [const { None }; 2] }; N];
        let place = |index: usize| {
            let found = indices.iter().position(|pair| pair.contains(&Some(index)))?;
            Some((found, indices[found].iter().position(|own| *own == Some(index))?))
        };
        for (index, theta) in self.parameters.iter_mut().enumerate() {
            if let Some((i, j)) = place(index) {
                all[i][j] = Some(Trained { theta, state: [&mut [], &mut []] });
            }
        }
        for (kind, state) in self.state.chunks_mut(count.max(1)).enumerate().take(MAX_STATE) {
            let owners = self.trained.iter().enumerate().filter_map(|(index, place)| place.map(|_| index));
            for (index, state) in owners.zip(state) {
                if let Some((i, j)) = place(index)
                    && let Some(trained) = &mut all[i][j]
                {
                    trained.state[kind] = &mut **state;
                }
            }
        }
        all
    }
}
