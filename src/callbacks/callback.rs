//! What a callback may do, in the order in which it happens.

use std::path::Path;

use serde_json::Value;

use super::Control;
use crate::checkpoint::Store;
use crate::error::Result;
use crate::events::{Epoch, Event, Metrics, PassReport, StepReport};
use crate::network::Parameters;
use crate::position::Position;

/// Something that takes part in a run. Every method but the name may be left out. An error stops the
/// run: what a callback cannot do is lost work.
pub trait Callback {
    /// Its name, unique in a run: checkpoints keep its state under it.
    fn name(&self) -> &'static str;

    /// The state to be kept in a checkpoint, if there is any.
    fn state(&self) -> Option<Value> {
        None
    }

    /// Takes up the state from the checkpoint that the run resumes from. Called before everything else,
    /// if the checkpoint has one.
    ///
    /// # Errors
    /// If it cannot be its own.
    fn restore(&mut self, _state: &Value) -> Result<()> {
        Ok(())
    }

    /// Training begins, or is resumed, in the run folder `run`.
    ///
    /// # Errors
    /// Whatever stops the run; so with all that follow.
    fn start(&mut self, _run: &Path, _position: &Position) -> Result<()> {
        Ok(())
    }

    /// A step was taken. Called for every step: cheap work only. `weights` may be read and changed.
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

    /// Validation begins: what is put into `weights` is what it measures.
    ///
    /// # Errors
    /// See [`start`](Self::start).
    fn before_evaluation(&mut self, _weights: &Parameters) -> Result<()> {
        Ok(())
    }

    /// Validation, or the test at the end of a run, has come so far. Called when it begins, with nothing
    /// done, and after each batch: cheap work only.
    ///
    /// # Errors
    /// See [`start`](Self::start).
    fn evaluating(&mut self, _report: &PassReport) -> Result<()> {
        Ok(())
    }

    /// Validation has ended: what was put into `weights` must be taken out again.
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

    /// A checkpoint that somebody asked for is about to be written; `last` are the last values of
    /// everything that was measured.
    ///
    /// # Errors
    /// See [`start`](Self::start).
    fn before_save(&mut self, _position: &Position, _last: &Metrics, _control: &mut Control) -> Result<()> {
        Ok(())
    }

    /// The sizes of files in the run folder that only grow, by name, with all that they contain flushed
    /// to the disk. A resumed run hands them back in [`State::files`](crate::run::State::files), to be cut there.
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

    /// Something happened that `events.jsonl` tells.
    ///
    /// # Errors
    /// See [`start`](Self::start).
    fn event(&mut self, _event: &Event) -> Result<()> {
        Ok(())
    }

    /// Something that a person may like to know, such as where a run is resumed.
    ///
    /// # Errors
    /// See [`start`](Self::start).
    fn note(&mut self, _message: &str) -> Result<()> {
        Ok(())
    }

    /// Something that a person should know, and that stops nothing.
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

    fn start(&mut self, run: &Path, position: &Position) -> Result<()> {
        (**self).start(run, position)
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
