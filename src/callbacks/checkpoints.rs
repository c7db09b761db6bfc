//! Asks for checkpoints as `[checkpoint]` says, and deletes those that are not to be kept.
//!
//! A checkpoint that the clock asks for is provisional: `events.jsonl` does not tell of it, it does not count among
//! those that are kept, and it goes when the next one is written. So what a run leaves does not depend on how fast it was.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::{Callback, Control};
use crate::checkpoint::{Config, State, Store};
use crate::error::Result;
use crate::events::{Epoch, Metrics, StepReport};
use crate::network::Parameters;
use crate::position::Position;

/// Its name, and that of what it keeps.
const NAME: &str = "checkpoints";
const PROVISIONAL: &str = "provisional";

/// Whether the checkpoint with `state` is one that makes way for the next.
pub fn is_provisional(state: &State) -> bool {
    state.callbacks.get(NAME).is_some_and(|own| own[PROVISIONAL] == state.position.step)
}

/// The callback.
pub struct Checkpoints {
    config: Config,
    /// When the last checkpoint was written, or the session began.
    since: Instant,
    /// The step of a provisional checkpoint that is asked for.
    asked: Option<u64>,
    /// The step of the one that is there.
    provisional: Option<u64>,
}

impl Checkpoints {
    /// Saves as `config` says.
    pub fn new(config: &Config) -> Self {
        Self { config: config.clone(), since: Instant::now(), asked: None, provisional: None }
    }

    fn is_due_by_clock(&self) -> bool {
        self.config.minutes().is_some_and(|minutes| self.since.elapsed().as_secs_f64() >= minutes * 60.0)
    }

    fn is_due_by_steps(&self, step: u64) -> bool {
        self.config.every_steps.is_some_and(|every| step.is_multiple_of(every))
    }
}

impl Callback for Checkpoints {
    fn name(&self) -> &'static str {
        NAME
    }

    /// Only a provisional checkpoint says that it is one.
    fn state(&self) -> Option<Value> {
        self.asked.map(|step| json!({ PROVISIONAL: step }))
    }

    fn restore(&mut self, state: &Value) -> Result<()> {
        self.provisional = state[PROVISIONAL].as_u64();
        Ok(())
    }

    fn start(&mut self, _run: &Path, position: &Position) -> Result<()> {
        self.provisional = self.provisional.filter(|step| *step == position.step);
        Ok(())
    }

    fn after_step(
        &mut self,
        _report: &StepReport,
        position: &Position,
        _weights: &Parameters,
        control: &mut Control,
    ) -> Result<()> {
        // The last step of an epoch waits for its validation.
        if position.is_end_of_epoch() {
            return Ok(());
        }
        if self.is_due_by_steps(position.step) {
            control.save();
        } else if self.is_due_by_clock() {
            self.asked = Some(position.step);
            control.save_provisionally();
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

    fn before_save(&mut self, _position: &Position, _last: &Metrics, _control: &mut Control) -> Result<()> {
        // It is a regular one after all.
        self.asked = None;
        Ok(())
    }

    fn after_save(&mut self, store: &Store, control: &Control) -> Result<()> {
        self.since = Instant::now();
        let asked = self.asked.take();
        if let Some(step) = std::mem::replace(&mut self.provisional, asked) {
            store.remove(step)?;
        }
        if asked.is_some() {
            return Ok(());
        }
        store.prune(self.config.keep_last, control.best.as_ref().map(|best| best.step))
    }
}
