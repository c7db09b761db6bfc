//! Asks for checkpoints as `[checkpoint]` says, and deletes those that are not to be kept.

use super::{Callback, Control};
use crate::checkpoint::{Config, Store};
use crate::error::Result;
use crate::events::{Epoch, StepReport};
use crate::network::Parameters;
use crate::position::Position;

/// The callback.
pub struct Checkpoints {
    config: Config,
}

impl Checkpoints {
    /// Saves as `config` says.
    pub fn new(config: &Config) -> Self {
        Self { config: config.clone() }
    }

    fn is_due_by_steps(&self, step: u64) -> bool {
        self.config.every_steps.is_some_and(|every| step.is_multiple_of(every))
    }
}

impl Callback for Checkpoints {
    fn name(&self) -> &'static str {
        "checkpoints"
    }

    fn after_step(
        &mut self,
        _report: &StepReport,
        position: &Position,
        _weights: &Parameters,
        control: &mut Control,
    ) -> Result<()> {
        // The last step of an epoch waits for its validation.
        if !position.is_end_of_epoch() && self.is_due_by_steps(position.step) {
            control.save();
        }
        Ok(())
    }

    fn after_epoch(&mut self, _epoch: &Epoch, position: &Position, control: &mut Control) -> Result<()> {
        let every = self.config.every_epochs;
        let last = position.epoch == position.course.epochs;
        if every > 0 && (last || position.epoch.is_multiple_of(every)) || self.is_due_by_steps(position.step)
        {
            control.save();
        }
        Ok(())
    }

    fn after_save(&mut self, store: &Store, control: &Control) -> Result<()> {
        store.prune(self.config.keep_last, control.best.as_ref().map(|best| best.step))
    }
}
