//! Requests checkpoints according to `[checkpoint]`, and deletes superseded ones.
//!
//! A checkpoint that is due by the clock is provisional: it is not written to `events.jsonl`, does not count
//! among those that are kept, and is deleted when the next one is written. So the files of a run do not
//! depend on its speed.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::{Callback, Control};
use crate::checkpoint::{Config, State, Store};
use crate::error::Result;
use crate::events::{Epoch, Metrics, StepReport};
use crate::network::Parameters;
use crate::position::Position;

/// The name of the callback, and the key of its state.
const NAME: &str = "checkpoints";
const PROVISIONAL: &str = "provisional";

/// Whether the checkpoint with `state` is provisional.
pub fn is_provisional(state: &State) -> bool {
    state.callbacks.get(NAME).is_some_and(|own| own[PROVISIONAL] == state.position.step)
}

/// The callback.
pub struct Checkpoints {
    config: Config,
    /// When the last checkpoint was written or the session began.
    since: Instant,
    /// The step for which a provisional checkpoint is requested.
    asked: Option<u64>,
    /// The step of the existing provisional checkpoint.
    provisional: Option<u64>,
}

impl Checkpoints {
    /// Saves according to `config`.
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

    /// Only a provisional checkpoint has a state.
    fn state(&self) -> Option<Value> {
        self.asked.map(|step| json!({ PROVISIONAL: step }))
    }

    fn restore(&mut self, state: &Value) -> Result<()> {
        self.provisional = state[PROVISIONAL].as_u64();
        Ok(())
    }

    fn start(&mut self, _run: &Path, position: &Position, _control: &mut Control) -> Result<()> {
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
        // The last step of an epoch waits for validation.
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
        // A regular checkpoint replaces the provisional one.
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
