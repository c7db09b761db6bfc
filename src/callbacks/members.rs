//! The callbacks of a run: built-in ones and those of user code.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::early_stopping::{self, EarlyStopping};
use super::reduce_on_plateau::{self, ReduceOnPlateau};
use super::{Callback, Control, best, checkpoints, growing, log};
use crate::checkpoint::{self, State};
use crate::error::{Error, Result};
use crate::events::{self, Event};

/// The sections of a config that configure callbacks.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// When checkpoints are written and which are kept.
    pub checkpoint: &'a checkpoint::Config,
    /// The metric that determines the best epoch, if any.
    pub monitor: Option<&'a str>,
    /// Whether and when the run stops early.
    pub early_stopping: Option<&'a early_stopping::Config>,
    /// Whether and when the learning rate is lowered.
    pub reduce_on_plateau: Option<&'a reduce_on_plateau::Config>,
}

/// The built-in callbacks, in call order.
///
/// # Errors
/// If the log cannot be opened, or is shorter than recorded.
fn members(
    run: &Path,
    options: Options<'_>,
    files: &BTreeMap<String, u64>,
) -> Result<Vec<Box<dyn Callback>>> {
    let Options { checkpoint, monitor, early_stopping, reduce_on_plateau } = options;
    let watched = |own: &Option<String>| own.as_deref().or(monitor).unwrap_or_default().to_owned();
    let mut members: Vec<Box<dyn Callback>> =
        vec![Box::new(log::Log::open(run, files)?), Box::new(best::Best::new(monitor.map(str::to_owned)))];
    if let Some(config) = early_stopping {
        members.push(Box::new(EarlyStopping::new(config, watched(&config.monitor))));
    }
    if let Some(config) = reduce_on_plateau {
        members.push(Box::new(ReduceOnPlateau::new(config, watched(&config.monitor))));
    }
    members.push(Box::new(checkpoints::Checkpoints::new(checkpoint)));
    Ok(members)
}

/// The callbacks of a run, and their requests.
pub struct Callbacks<'a> {
    all: Vec<Box<dyn Callback + 'a>>,
    /// The requests of the callbacks.
    pub control: Control,
}

impl<'a> Callbacks<'a> {
    /// The built-in callbacks for a run in the folder `run` at `state`, followed by `own`.
    ///
    /// # Errors
    /// If two callbacks have the same name, the log cannot be opened, or a state in the checkpoint is
    /// invalid.
    pub fn new(
        run: &Path,
        options: Options<'_>,
        own: Vec<&'a mut dyn Callback>,
        state: &State,
    ) -> Result<Self> {
        let mut all: Vec<Box<dyn Callback + 'a>> = Vec::new();
        for member in members(run, options, &state.files)? {
            all.push(member);
        }
        for callback in own {
            if all.iter().any(|other| other.name() == callback.name()) {
                return Err(Error::Usage(format!("two callbacks have the name `{}`", callback.name())));
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

    /// Calls `call` on each of them in order, with the shared control.
    ///
    /// # Errors
    /// The first error.
    pub fn each(
        &mut self,
        mut call: impl FnMut(&mut dyn Callback, &mut Control) -> Result<()>,
    ) -> Result<()> {
        let Self { all, control } = self;
        all.iter_mut().try_for_each(|callback| call(callback.as_mut(), control))
    }

    /// Reports `event` to all of them.
    ///
    /// # Errors
    /// The first error.
    pub fn tell(&mut self, event: &Event) -> Result<()> {
        self.each(|callback, _| callback.event(event))
    }

    /// Their states by name.
    #[must_use]
    pub fn states(&self) -> BTreeMap<String, Value> {
        let own = self.all.iter().map(|callback| (callback.name().to_owned(), callback.state()));
        own.filter_map(|(name, state)| Some((name, state?))).collect()
    }

    /// The sizes of all append-only files, flushed to disk.
    ///
    /// # Errors
    /// If an I/O error occurs.
    pub fn files(&mut self) -> Result<BTreeMap<String, u64>> {
        let mut sizes = BTreeMap::new();
        for callback in &mut self.all {
            sizes.extend(callback.files()?.into_iter().map(|(name, size)| (name.to_owned(), size)));
        }
        Ok(sizes)
    }
}

/// Checks, before anything is changed, that no file of a user's own callback is shorter than the checkpoint
/// recorded. taper's own logs are [repaired](super::repair) instead.
///
/// # Errors
/// [`Error::Checkpoint`] naming the file.
pub fn check_files(run: &Path, sizes: &BTreeMap<String, u64>) -> Result<()> {
    let of_users = sizes.iter().filter(|(name, _)| *name != events::FILE && *name != log::METRICS);
    of_users.into_iter().try_for_each(|(name, size)| growing::check_size(&run.join(name), *size))
}
