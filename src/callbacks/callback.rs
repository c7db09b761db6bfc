//! The callback interface, in the order in which its methods are called.

use std::path::Path;

use serde_json::Value;

use super::Control;
use crate::checkpoint::Store;
use crate::error::Result;
use crate::events::{Epoch, Event, Metrics, PassReport, StepReport};
use crate::network::Parameters;
use crate::position::Position;

/// Code that takes part in a run. Only the name is required. An error from any method stops the run, because
/// it means that the callback lost work.
pub trait Callback {
    /// The name, unique within a run; checkpoints store the callback's state under it.
    fn name(&self) -> &'static str;

    /// The state to save in checkpoints, if there is any.
    fn state(&self) -> Option<Value> {
        None
    }

    /// Restores the state from the checkpoint of a resumed run. Called first, if the checkpoint holds such a
    /// state.
    ///
    /// # Errors
    /// If the state is invalid.
    fn restore(&mut self, _state: &Value) -> Result<()> {
        Ok(())
    }

    /// Training starts or resumes in the run folder `run`. A request to stop ends the run before the next step.
    ///
    /// # Errors
    /// Any error stops the run; the same is true of all methods below.
    fn start(&mut self, _run: &Path, _position: &Position, _control: &mut Control) -> Result<()> {
        Ok(())
    }

    /// A step was taken. Called for every step, so it must be cheap. `weights` may be read and changed.
    ///
    /// # Errors
    /// See [`start`](Self::start).
    fn after_step(
        &mut self,
        _report: &StepReport,
        _position: &Position,
        _weights: &Parameters,
        _control: &mut Control,
    ) -> Result<()> {
        Ok(())
    }

    /// Validation begins; it measures the weights that are put into `weights` here.
    ///
    /// # Errors
    /// See [`start`](Self::start).
    fn before_evaluation(&mut self, _weights: &Parameters) -> Result<()> {
        Ok(())
    }

    /// Progress of validation, or of the test at the end of a run. Called at the start, with nothing done,
    /// and after each batch, so it must be cheap.
    ///
    /// # Errors
    /// See [`start`](Self::start).
    fn evaluating(&mut self, _report: &PassReport) -> Result<()> {
        Ok(())
    }

    /// Validation has ended; changes made to `weights` must be undone.
    ///
    /// # Errors
    /// See [`start`](Self::start).
    fn after_evaluation(&mut self, _weights: &Parameters) -> Result<()> {
        Ok(())
    }

    /// An epoch was finished and validated.
    ///
    /// # Errors
    /// See [`start`](Self::start).
    fn after_epoch(&mut self, _epoch: &Epoch, _position: &Position, _control: &mut Control) -> Result<()> {
        Ok(())
    }

    /// A requested checkpoint is about to be written; `last` holds the last values of all metrics.
    ///
    /// # Errors
    /// See [`start`](Self::start).
    fn before_save(&mut self, _position: &Position, _last: &Metrics, _control: &mut Control) -> Result<()> {
        Ok(())
    }

    /// The sizes of append-only files in the run folder, by name, with their content flushed to disk. A
    /// resumed run passes them in [`State::files`](crate::run::State::files), so that the files can be
    /// truncated to them.
    ///
    /// # Errors
    /// See [`start`](Self::start).
    fn files(&mut self) -> Result<Vec<(&'static str, u64)>> {
        Ok(Vec::new())
    }

    /// A checkpoint was written.
    ///
    /// # Errors
    /// See [`start`](Self::start).
    fn after_save(&mut self, _store: &Store, _control: &Control) -> Result<()> {
        Ok(())
    }

    /// An event that is written to `events.jsonl`.
    ///
    /// # Errors
    /// See [`start`](Self::start).
    fn event(&mut self, _event: &Event) -> Result<()> {
        Ok(())
    }

    /// A message for the user, such as where a run resumes.
    ///
    /// # Errors
    /// See [`start`](Self::start).
    fn note(&mut self, _message: &str) -> Result<()> {
        Ok(())
    }

    /// A warning for the user.
    ///
    /// # Errors
    /// See [`start`](Self::start).
    fn warning(&mut self, _message: &str) -> Result<()> {
        Ok(())
    }

    /// Training has ended; `reason` is that of [`Event::End`], or `signal`.
    ///
    /// # Errors
    /// See [`start`](Self::start).
    fn stopped(&mut self, _reason: &str, _position: &Position) -> Result<()> {
        Ok(())
    }
}

impl<C: Callback + ?Sized> Callback for &mut C {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn state(&self) -> Option<Value> {
        (**self).state()
    }

    fn restore(&mut self, state: &Value) -> Result<()> {
        (**self).restore(state)
    }

    fn start(&mut self, run: &Path, position: &Position, control: &mut Control) -> Result<()> {
        (**self).start(run, position, control)
    }

    fn after_step(
        &mut self,
        report: &StepReport,
        position: &Position,
        weights: &Parameters,
        control: &mut Control,
    ) -> Result<()> {
        (**self).after_step(report, position, weights, control)
    }

    fn before_evaluation(&mut self, weights: &Parameters) -> Result<()> {
        (**self).before_evaluation(weights)
    }

    fn evaluating(&mut self, report: &PassReport) -> Result<()> {
        (**self).evaluating(report)
    }

    fn after_evaluation(&mut self, weights: &Parameters) -> Result<()> {
        (**self).after_evaluation(weights)
    }

    fn after_epoch(&mut self, epoch: &Epoch, position: &Position, control: &mut Control) -> Result<()> {
        (**self).after_epoch(epoch, position, control)
    }

    fn before_save(&mut self, position: &Position, last: &Metrics, control: &mut Control) -> Result<()> {
        (**self).before_save(position, last, control)
    }

    fn files(&mut self) -> Result<Vec<(&'static str, u64)>> {
        (**self).files()
    }

    fn after_save(&mut self, store: &Store, control: &Control) -> Result<()> {
        (**self).after_save(store, control)
    }

    fn event(&mut self, event: &Event) -> Result<()> {
        (**self).event(event)
    }

    fn note(&mut self, message: &str) -> Result<()> {
        (**self).note(message)
    }

    fn warning(&mut self, message: &str) -> Result<()> {
        (**self).warning(message)
    }

    fn stopped(&mut self, reason: &str, position: &Position) -> Result<()> {
        (**self).stopped(reason, position)
    }
}
