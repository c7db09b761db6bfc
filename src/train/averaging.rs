//! Averaged weights in the training loop.

use super::statistics::Statistics;
use super::{Batches, Trainer};
use crate::checkpoint::State;
use crate::error::Result;
use crate::position::Position;

impl Trainer<'_, '_> {
    /// Updates averages over epochs, with running statistics measured on the samples of this one.
    pub(super) fn average_epoch(&mut self, state: &State, batches: &mut Batches<'_, '_>) -> Result<()> {
        let Position { epoch: before, step, course, .. } = state.position;
        let Some(average) = &mut self.average else { return Ok(()) };
        let mut statistics = Statistics::new(self.plan, self.engine.parameters());
        if !average.after_epoch(before + 1, course.epochs)? || statistics.is_empty() {
            return Ok(());
        }
        self.swap_weights()?;
        batches.restart();
        while let Some(batch) = batches.next()? {
            statistics.clear_running()?;
            self.engine.observe(&batch, step)?;
            statistics.add(batch.samples.len())?;
        }
        statistics.store()?;
        self.swap_weights()
    }

    /// Exchanges the trained weights and the averaged ones, if there are any.
    pub(super) fn swap_weights(&mut self) -> Result<()> {
        self.average.as_mut().map_or(Ok(()), |average| average.swap())
    }
}
