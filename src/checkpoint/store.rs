//! The `checkpoints` folder of a run: saves, finds and deletes checkpoints.

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::Var;

use super::folder::{folder_name, named_step};
use super::manifest::{self, Manifest};
use super::{Card, Checkpoint, MODEL, OPTIMIZER, STATE, State, keep, weights};
use crate::durable::{self, REPLACED, UNFINISHED};
use crate::error::{Error, Result};
use crate::network::Parameters;
use crate::optimizer::Optimizer;

/// The checkpoints of one run.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// The contents of a new checkpoint.
pub struct Snapshot<'a> {
    /// The state of the run.
    pub state: &'a State,
    /// The description of the weights.
    pub card: &'a Card,
    /// The weights.
    pub parameters: &'a Parameters,
    /// The optimizer, whose state is saved.
    pub optimizer: &'a dyn Optimizer,
    /// The weights that are trained, if `parameters` are averages. They are saved with the state of the optimizer.
    pub raw: &'a [(String, Var)],
}

impl Store {
    /// The checkpoints in the run folder `run`.
    #[must_use]
    pub fn new(run: &Path) -> Self {
        Self { folder: run.join("checkpoints") }
    }

    /// The path of the checkpoint of `step`, whether it exists or not.
    #[must_use]
    pub fn path(&self, step: u64) -> PathBuf {
        self.folder.join(folder_name(step))
    }

    /// Writes a checkpoint durably and returns its folder.
    ///
    /// # Errors
    /// If a weight is not finite or an I/O error occurs; earlier checkpoints are then untouched.
    pub fn save(&self, snapshot: &Snapshot<'_>) -> Result<PathBuf> {
        match fs::create_dir(&self.folder) {
            Ok(()) => self.folder.parent().map_or(Ok(()), durable::sync_folder)?,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            // A run folder that was deleted or renamed is not created again, because its log is gone, too.
            Err(error) => return Err(Error::io(&self.folder, "create the folder")(error)),
        }
        let Snapshot { state, card, parameters, optimizer, raw } = snapshot;
        let path = self.path(state.position.step);
        let json = |error: serde_json::Error| Error::checkpoint(&path, format!("cannot be written: {error}"));
        let tensors: Vec<_> =
            parameters.iter().map(|p| (p.name.clone(), p.variable.as_detached_tensor())).collect();
        let model =
            weights::to_bytes(&tensors, state.position.step, &serde_json::to_string(card).map_err(json)?)?;
        let moments: Vec<_> = parameters
            .state_of(*optimizer)
            .into_iter()
            .chain(raw.iter().cloned())
            .map(|(name, variable)| (name, variable.as_detached_tensor()))
            .collect();
        let moments = weights::to_bytes(&moments, state.position.step, "{}")?;
        let state_text = serde_json::to_vec_pretty(state).map_err(json)?;
        let files: [(&str, &[u8]); 3] = [(MODEL, &model), (OPTIMIZER, &moments), (STATE, &state_text)];
        let manifest = Manifest::new(state.position.step, &files).to_bytes().map_err(json)?;
        let [model, optimizer, state] = files;
        durable::write_folder(&path, &[model, optimizer, state, (manifest::FILE, &manifest)])?;
        tracing::info!("wrote {}", path.display());
        Ok(path)
    }

    /// Deletes all checkpoints except the `keep_last` latest and the `best`.
    ///
    /// # Errors
    /// If an I/O error occurs.
    pub fn prune(&self, keep_last: usize, best: Option<u64>) -> Result<()> {
        for step in keep::superseded(&self.steps()?, keep_last, best) {
            durable::remove_folder(&self.path(step))?;
        }
        Ok(())
    }

    /// Deletes the checkpoint of `step`, if it exists.
    ///
    /// # Errors
    /// If an I/O error occurs.
    pub fn remove(&self, step: u64) -> Result<()> {
        let path = self.path(step);
        if path.exists() { durable::remove_folder(&path) } else { Ok(()) }
    }

    /// The steps with a checkpoint folder, valid or not, latest first.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn steps(&self) -> Result<Vec<u64>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(Error::checkpoint(&self.folder, format!("cannot list the folder: {error}")));
            }
        };
        // An entry that cannot be read is an error: a run must not take its checkpoints for absent.
        let names = entries.map(|entry| entry.map(|entry| named_step(&entry.file_name())));
        let found = names.collect::<std::io::Result<Vec<Option<u64>>>>();
        let refuse = |error| Error::checkpoint(&self.folder, format!("cannot list the folder: {error}"));
        let mut steps: Vec<u64> = found.map_err(refuse)?.into_iter().flatten().collect();
        steps.sort_unstable_by(|a, b| b.cmp(a));
        Ok(steps)
    }

    /// The latest checkpoint that verifies. Calls `skipped` for each damaged checkpoint, but not for one that
    /// a concurrent run deletes.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if there are checkpoints but none verifies: a run must not start over silently.
    pub fn latest(&self, mut skipped: impl FnMut(&Error)) -> Result<Option<Checkpoint>> {
        let mut steps = self.steps()?;
        'listed: loop {
            for step in &steps {
                let path = self.path(*step);
                match Checkpoint::read(&path) {
                    Ok(checkpoint) => return Ok(Some(checkpoint)),
                    Err(error) if path.exists() => skipped(&error),
                    // It was deleted in favor of later ones, which a new listing shows. If it does not, the
                    // search ends.
                    Err(error) => {
                        let now = self.steps()?;
                        if now != steps {
                            steps = now;
                            continue 'listed;
                        }
                        skipped(&error);
                    }
                }
            }
            break;
        }
        if steps.is_empty() {
            return Ok(None);
        }
        let message = format!("none of its {} checkpoints is usable", steps.len());
        Err(Error::checkpoint(&self.folder, message))
    }

    /// Deletes the checkpoints after `step`, from which the run resumes, and returns their number: they are
    /// damaged or from an abandoned continuation. If they stayed, they would be mistaken for the latest ones,
    /// and [`prune`](Self::prune) would delete the new ones.
    ///
    /// # Errors
    /// If an I/O error occurs.
    pub fn remove_later(&self, step: u64) -> Result<usize> {
        let later: Vec<u64> = self.steps()?.into_iter().filter(|other| *other > step).collect();
        for step in &later {
            durable::remove_folder(&self.path(*step))?;
        }
        if !later.is_empty() {
            // Files are truncated next, which later checkpoints require in full length.
            durable::sync_folder(&self.folder)?;
        }
        Ok(later.len())
    }

    /// Restores or deletes what an interrupted save or deletion left behind. Call it only with the run's lock
    /// held, and before checkpoints are read.
    pub fn clean(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| name.starts_with(UNFINISHED)) else { continue };
            let replaced = name.strip_prefix(REPLACED).map(|name| self.folder.join(name));
            // Best effort: these names are never read.
            let _ = match replaced.filter(|path| !path.exists()) {
                Some(path) => fs::rename(entry.path(), path),
                None => fs::remove_dir_all(entry.path()),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store with empty folders of these names.
    fn store(names: &[&str]) -> (tempfile::TempDir, Store) {
        let run = tempfile::tempdir().unwrap();
        let store = Store::new(run.path());
        for name in names {
            fs::create_dir_all(store.folder.join(name)).unwrap();
        }
        (run, store)
    }

    #[test]
    fn folders_with_other_names_are_left_alone() {
        let (_run, store) = store(&["step-00000007", "step-9", "step-00000008.bak", "step-+0000010"]);
        assert_eq!(store.steps().unwrap(), [7]);
        store.prune(1, None).unwrap();
        assert_eq!(store.remove_later(3).unwrap(), 1);
        assert!(store.folder.join("step-9").exists());
    }

    #[test]
    fn a_checkpoint_that_is_deleted_during_the_search_is_not_reported_as_damaged() {
        let (_run, store) = store(&["step-00000007", "step-00000008"]);
        let mut heard = Vec::new();
        let found = store.latest(|error| {
            heard.push(error.to_string());
            // As a run in progress does.
            if fs::remove_dir(store.path(7)).is_ok() {
                fs::create_dir(store.path(9)).unwrap();
            }
        });
        assert!(found.is_err());
        assert!(heard.iter().any(|error| error.contains("step-00000009")), "{heard:?}");
        assert!(!heard.iter().any(|error| error.contains("step-00000007")), "{heard:?}");
    }

    #[test]
    fn a_checkpoint_moved_away_for_a_failed_replacement_is_restored() {
        let (_run, store) =
            store(&[".tmp-old-step-00000007", ".tmp-step-00000007-1", ".tmp-old-step-00000008"]);
        fs::create_dir(store.path(8)).unwrap();
        store.clean();
        assert_eq!(store.steps().unwrap(), [8, 7]);
        assert_eq!(fs::read_dir(&store.folder).unwrap().count(), 2);
    }
}
