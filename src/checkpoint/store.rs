//! The `checkpoints` folder of a run: saving, finding, deleting.

use std::fs;
use std::path::{Path, PathBuf};

use super::manifest::{self, Manifest};
use super::{Card, Checkpoint, MODEL, OPTIMIZER, STATE, State, keep, weights};
use crate::durable::{self, UNFINISHED};
use crate::error::{Error, Result};
use crate::model::Parameters;
use crate::optimizer::Optimizer;

/// The checkpoints of one run.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// What a checkpoint is made from.
pub struct Snapshot<'a> {
    /// Where the run stands.
    pub state: &'a State,
    /// What the weights mean.
    pub card: &'a Card,
    /// The weights.
    pub parameters: &'a Parameters,
    /// The optimizer, for its state.
    pub optimizer: &'a dyn Optimizer,
}

impl Store {
    /// The checkpoints in the run folder `run`.
    #[must_use]
    pub fn new(run: &Path) -> Self {
        Self { folder: run.join("checkpoints") }
    }

    /// Where the checkpoint of `step` is or would be.
    #[must_use]
    pub fn path(&self, step: u64) -> PathBuf {
        self.folder.join(format!("step-{step:08}"))
    }

    /// Writes a checkpoint, durably, and returns its folder.
    ///
    /// # Errors
    /// If a weight is not finite or the disk refuses; earlier checkpoints are then untouched.
    pub fn save(&self, snapshot: &Snapshot<'_>) -> Result<PathBuf> {
        fs::create_dir_all(&self.folder).map_err(Error::io(&self.folder, "create the folder"))?;
        let Snapshot { state, card, parameters, optimizer } = snapshot;
        let path = self.path(state.step);
        let json = |error: serde_json::Error| Error::checkpoint(&path, format!("not written: {error}"));
        let tensors: Vec<_> =
            parameters.iter().map(|p| (p.name.clone(), p.variable.as_detached_tensor())).collect();
        let model = weights::to_bytes(&tensors, &serde_json::to_string(card).map_err(json)?)?;
        let moments: Vec<_> = optimizer_variables(parameters, *optimizer)
            .into_iter()
            .map(|(name, variable)| (name, variable.as_detached_tensor()))
            .collect();
        let moments = weights::to_bytes(&moments, "{}")?;
        let state_text = serde_json::to_vec_pretty(state).map_err(json)?;
        let files: [(&str, &[u8]); 3] = [(MODEL, &model), (OPTIMIZER, &moments), (STATE, &state_text)];
        let manifest = serde_json::to_vec_pretty(&Manifest::new(state.step, &files)).map_err(json)?;
        let [model, optimizer, state] = files;
        durable::write_folder(&path, &[model, optimizer, state, (manifest::FILE, &manifest)])?;
        Ok(path)
    }

    /// Deletes what `keep_last` and `best` do not keep.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn prune(&self, keep_last: usize, best: Option<u64>) -> Result<()> {
        for step in keep::superseded(&self.steps()?, keep_last, best) {
            durable::remove_folder(&self.path(step))?;
        }
        Ok(())
    }

    /// The steps that have a checkpoint folder, valid or not, from the latest to the first.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn steps(&self) -> Result<Vec<u64>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io(&self.folder, "list the folder")(error)),
        };
        let mut steps: Vec<u64> = entries
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_prefix("step-")?.parse().ok())
            .collect();
        steps.sort_unstable_by(|a, b| b.cmp(a));
        Ok(steps)
    }

    /// The latest checkpoint that verifies; `skipped` hears about damaged ones on the way.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if there are checkpoints and none verifies: a run must not start over
    /// silently.
    pub fn latest(&self, mut skipped: impl FnMut(&Error)) -> Result<Option<Checkpoint>> {
        let steps = self.steps()?;
        for step in &steps {
            match Checkpoint::read(&self.path(*step)) {
                Ok(checkpoint) => return Ok(Some(checkpoint)),
                Err(error) => skipped(&error),
            }
        }
        if steps.is_empty() {
            return Ok(None);
        }
        let message = format!("none of its {} checkpoints can be used", steps.len());
        Err(Error::checkpoint(&self.folder, message))
    }

    /// Deletes what an interrupted save or deletion left. Only for the holder of the run's lock.
    pub fn clean(&self) {
        let left = fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(UNFINISHED)));
        for entry in left {
            // Best effort: such names are never read.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The optimizer's variables under names such as `first_moment.layers.0.weight`.
#[must_use]
pub fn optimizer_variables(
    parameters: &Parameters,
    optimizer: &dyn Optimizer,
) -> Vec<(String, candle_core::Var)> {
    let names = parameters.trainable_names();
    let kinds = optimizer.state();
    kinds
        .iter()
        .flat_map(|(kind, variables)| {
            names
                .iter()
                .zip(*variables)
                .map(move |(name, variable)| (format!("{kind}.{name}"), variable.clone()))
        })
        .collect()
}
