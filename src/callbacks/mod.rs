//! What happens around training steps: one file per callback, [one line](members) each.
//!
//! A callback hears of everything in the order in which it happens, may ask for a checkpoint or stop
//! the run, and keeps its own state in checkpoints, so that a resumed run behaves as if it had never
//! stopped. User code adds its own:
//!
//! ```
//! use taper::callbacks::{Callback, Control};
//! use taper::events::Epoch;
//! use taper::position::Position;
//!
//! /// Stops once the training loss is small enough.
//! struct Enough(f64);
//!
//! impl Callback for Enough {
//!     fn name(&self) -> &'static str {
//!         "enough"
//!     }
//!
//!     fn after_epoch(&mut self, epoch: &Epoch, _: &Position, control: &mut Control) -> taper::Result<()> {
//!         if epoch.metrics.get("train.loss").is_some_and(|loss| loss < self.0) {
//!             control.stop("the loss is small enough");
//!         }
//!         Ok(())
//!     }
//! }
//! ```

mod best;
mod checkpoints;
mod control;
mod log;

pub use control::Control;
pub use log::Growing;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::checkpoint::{self, State, Store};
use crate::error::{Error, Result};
use crate::events::{Epoch, Event, Metrics, StepReport};
use crate::model::Parameters;
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
    /// to the disk. A resumed run hands them back in [`State::files`], to be cut there.
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

/// The callbacks that every run has, in the order in which they are called.
///
/// # Errors
/// If the log cannot be opened, or is shorter than the checkpoint says.
fn members(
    run: &Path,
    config: &checkpoint::Config,
    monitor: Option<String>,
    files: &BTreeMap<String, u64>,
) -> Result<Vec<Box<dyn Callback>>> {
    Ok(vec![
        Box::new(log::Log::open(run, files)?),
        Box::new(best::Best::new(monitor)),
        Box::new(checkpoints::Checkpoints::new(config)),
    ])
}

/// The callbacks of a run, and what they have asked for.
pub struct Callbacks<'a> {
    all: Vec<Box<dyn Callback + 'a>>,
    /// What they have asked for.
    pub control: Control,
}

impl<'a> Callbacks<'a> {
    /// Those that every run has, for a run in the folder `run` that stands at `state`, and then `own`.
    ///
    /// # Errors
    /// If two have the same name, the log cannot be opened, or a state in the checkpoint is not one of
    /// its callback.
    pub fn new(
        run: &Path,
        config: &checkpoint::Config,
        monitor: Option<String>,
        own: Vec<&'a mut dyn Callback>,
        state: &State,
    ) -> Result<Self> {
        let mut all: Vec<Box<dyn Callback + 'a>> = Vec::new();
        for member in members(run, config, monitor, &state.files)? {
            all.push(member);
        }
        for callback in own {
            if all.iter().any(|other| other.name() == callback.name()) {
                return Err(Error::Usage(format!("two callbacks are called `{}`", callback.name())));
            }
            all.push(Box::new(callback));
        }
        for callback in &mut all {
            if let Some(own) = state.callbacks.get(callback.name()) {
                callback.restore(own)?;
            }
        }
        let mut control = Control::default();
        control.best = state.best();
        Ok(Self { all, control })
    }

    /// Calls `call` with each of them and what they may ask for, in order.
    ///
    /// # Errors
    /// The first that there is.
    pub fn each(
        &mut self,
        mut call: impl FnMut(&mut dyn Callback, &mut Control) -> Result<()>,
    ) -> Result<()> {
        let Self { all, control } = self;
        all.iter_mut().try_for_each(|callback| call(callback.as_mut(), control))
    }

    /// Tells all of them what happened.
    ///
    /// # Errors
    /// The first that there is.
    pub fn tell(&mut self, event: &Event) -> Result<()> {
        self.each(|callback, _| callback.event(event))
    }

    /// Their states by name.
    #[must_use]
    pub fn states(&self) -> BTreeMap<String, Value> {
        let own = self.all.iter().map(|callback| (callback.name().to_owned(), callback.state()));
        own.filter_map(|(name, state)| Some((name, state?))).collect()
    }

    /// The sizes of all growing files, flushed to the disk.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn files(&mut self) -> Result<BTreeMap<String, u64>> {
        let mut sizes = BTreeMap::new();
        for callback in &mut self.all {
            sizes.extend(callback.files()?.into_iter().map(|(name, size)| (name.to_owned(), size)));
        }
        Ok(sizes)
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

    fn warning(&mut self, message: &str) -> Result<()> {
        (**self).warning(message)
    }

    fn stopped(&mut self, reason: &str, position: &Position) -> Result<()> {
        (**self).stopped(reason, position)
    }
}

/// Checks that no growing file of the run folder `run` is shorter than a checkpoint says, before
/// anything is changed.
///
/// # Errors
/// [`Error::Checkpoint`] naming the file.
pub fn check_files(run: &Path, sizes: &BTreeMap<String, u64>) -> Result<()> {
    sizes.iter().try_for_each(|(name, size)| log::check_size(&run.join(name), *size))
}
