//! One stage of a step, and what it may use.

use crate::layers::Mode;
use crate::optimizer::Optimizer;
use taper_kernels::rule::{Accumulate, SLOTS, Trained};
use taper_kernels::simd::lanes::Isa;
use taper_kernels::simd::team::Team;
use taper_kernels::work::Work;

use super::layout::Layout;

/// Some layers of the network that are computed together.
///
/// Values between stages are in arenas, in the stages' layouts; flat samples come in whole groups of
/// rows. A stage keeps what it needs on the way back.
pub trait Stage: Send {
    /// What it is called among the phases of a step, such as `dense 3`.
    fn name(&self) -> &str;

    /// Where its output goes.
    fn output(&self) -> &Layout;

    /// Makes room for batches of `samples`; for a training step also what the way back needs.
    fn reserve(&mut self, _samples: usize, _threads: usize, _training: bool) {}

    /// Computes `y` from `x`.
    fn forward(&mut self, context: &mut StepContext<'_, '_>, x: &[f32], y: &mut [f32]);

    /// Takes the gradient of `y`, which it may overwrite, gives that of `x` if it is asked for, and
    /// updates its parameters.
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

/// What a stage works with in one pass.
pub struct StepContext<'a, 'b> {
    /// The thread team.
    pub team: &'a mut Team,
    /// The instructions to compute with.
    pub isa: Isa,
    /// Samples of this pass.
    pub samples: usize,
    /// What the pass is for.
    pub mode: Mode,
    /// The network's parameters and the optimizer's state.
    pub weights: Weights<'a, 'b>,
    /// Whether all that this pass wrote to them is finite; every stage that writes must update it.
    pub finite: bool,
}

/// What becomes of gradients.
pub enum Sink<'a> {
    /// Parameters are updated with them at once, by the step that the optimizer has begun.
    Update(&'a dyn Optimizer),
    /// They are added to what is kept, which stands in the first slot of the state.
    Keep,
}

impl Sink<'_> {
    /// Does work of the kernels that ends with an update, and says whether all new values are finite.
    #[must_use]
    pub fn run(&self, work: Work<'_>) -> bool {
        match self {
            Self::Update(optimizer) => optimizer.update(work),
            Self::Keep => work.run(Accumulate),
        }
    }
}

/// All parameters in the order of the network, and the state of those that are trained.
pub struct Weights<'a, 'b> {
    /// Trained or not.
    pub parameters: &'a mut [&'b mut [f32]],
    /// Kind by kind, as the trained parameters; empty outside of training.
    pub state: &'a mut [&'b mut [f32]],
    /// Which of the trained parameters each one is.
    pub trained: &'a [Option<usize>],
}

impl Weights<'_, '_> {
    /// Parameter `index`.
    pub fn get(&self, index: usize) -> &[f32] {
        self.parameters[index]
    }

    /// Parameter `index` with its state, to be updated.
    pub fn train(&mut self, index: usize) -> Trained<'_> {
        let count = self.trained.iter().flatten().count();
        let mut slots: [&mut [f32]; SLOTS] = [&mut [], &mut []];
        if let Some(place) = self.trained[index] {
            for (slot, state) in slots.iter_mut().zip(self.state.chunks_mut(count.max(1))) {
                *slot = &mut *state[place];
            }
        }
        Trained { theta: &mut *self.parameters[index], slots }
    }

    /// Several parameters with their state, where there are any, in the order in which they are asked
    /// for.
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
                all[i][j] = Some(Trained { theta, slots: [&mut [], &mut []] });
            }
        }
        for (slot, state) in self.state.chunks_mut(count.max(1)).enumerate().take(SLOTS) {
            let owners = self.trained.iter().enumerate().filter_map(|(index, place)| place.map(|_| index));
            for (index, state) in owners.zip(state) {
                if let Some((i, j)) = place(index)
                    && let Some(trained) = &mut all[i][j]
                {
                    trained.slots[slot] = &mut **state;
                }
            }
        }
        all
    }
}
