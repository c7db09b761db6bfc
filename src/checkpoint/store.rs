//! The `checkpoints` folder of a run: saving, finding, deleting.

use std::fs;
use std::path::{Path, PathBuf};

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
        self.folder.join(folder_name(step))
    }

    /// Writes a checkpoint, durably, and returns its folder.
    ///
    /// # Errors
    /// If a weight is not finite or the disk refuses; earlier checkpoints are then untouched.
    pub fn save(&self, snapshot: &Snapshot<'_>) -> Result<PathBuf> {
        match fs::create_dir(&self.folder) {
            Ok(()) => self.folder.parent().map_or(Ok(()), durable::sync_folder)?,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            // The run folder itself is not made again: it was deleted or renamed, and its log with it.
            Err(error) => return Err(Error::io(&self.folder, "create the folder")(error)),
        }
        let Snapshot { state, card, parameters, optimizer } = snapshot;
        let path = self.path(state.position.step);
        let json = |error: serde_json::Error| Error::checkpoint(&path, format!("not written: {error}"));
        let tensors: Vec<_> =
            parameters.iter().map(|p| (p.name.clone(), p.variable.as_detached_tensor())).collect();
        let model =
            weights::to_bytes(&tensors, state.position.step, &serde_json::to_string(card).map_err(json)?)?;
        let moments: Vec<_> = parameters
            .state_of(*optimizer)
            .into_iter()
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

    /// Deletes the checkpoint of `step`, if there is one.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn remove(&self, step: u64) -> Result<()> {
        let path = self.path(step);
        if path.exists() { durable::remove_folder(&path) } else { Ok(()) }
    }

    /// The steps that have a checkpoint folder, valid or not, from the latest to the first.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn steps(&self) -> Result<Vec<u64>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(Error::checkpoint(&self.folder, format!("cannot be listed: {error}")));
            }
        };
        let mut steps: Vec<u64> = entries.filter_map(|entry| named_step(&entry.ok()?.file_name())).collect();
        steps.sort_unstable_by(|a, b| b.cmp(a));
        Ok(steps)
    }

    /// The latest checkpoint that verifies; `skipped` hears about damaged ones on the way, but not about
    /// those that a run which trains here deletes meanwhile.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if there are checkpoints and none verifies: a run must not start over
    /// silently.
    pub fn latest(&self, mut skipped: impl FnMut(&Error)) -> Result<Option<Checkpoint>> {
        let mut steps = self.steps()?;
        'listed: loop {
            for step in &steps {
                let path = self.path(*step);
                match Checkpoint::read(&path) {
                    Ok(checkpoint) => return Ok(Some(checkpoint)),
                    Err(error) if path.exists() => skipped(&error),
                    // It made way for later ones, which a new list has. A list without them ends this.
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
        let message = format!("none of its {} checkpoints can be used", steps.len());
        Err(Error::checkpoint(&self.folder, message))
    }

    /// Deletes the checkpoints after `step`, from which the run resumes, and says how many: they are damaged
    /// or from an abandoned continuation. If they stayed, they would be taken for the latest ones, and
    /// [`prune`](Self::prune) would delete the new ones.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn remove_later(&self, step: u64) -> Result<usize> {
        let later: Vec<u64> = self.steps()?.into_iter().filter(|other| *other > step).collect();
        for step in &later {
            durable::remove_folder(&self.path(*step))?;
        }
        if !later.is_empty() {
            // Files are cut next, which later checkpoints need whole.
            durable::sync_folder(&self.folder)?;
        }
        Ok(later.len())
    }

    /// Puts back or deletes what an interrupted save or deletion left. Only for the holder of the
    /// run's lock, and before the checkpoints are read.
    pub fn clean(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| name.starts_with(UNFINISHED)) else { continue };
            let replaced = name.strip_prefix(REPLACED).map(|name| self.folder.join(name));
            // Best effort: such names are never read.
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
    fn folders_that_it_did_not_name_are_left_alone() {
        let (_run, store) = store(&["step-00000007", "step-9", "step-00000008.bak", "step-+0000010"]);
        assert_eq!(store.steps().unwrap(), [7]);
        store.prune(1, None).unwrap();
        assert_eq!(store.remove_later(3).unwrap(), 1);
        assert!(store.folder.join("step-9").exists());
    }

    #[test]
    fn a_checkpoint_that_is_deleted_while_it_is_looked_for_is_no_damage() {
        let (_run, store) = store(&["step-00000007", "step-00000008"]);
        let mut heard = Vec::new();
        let found = store.latest(|error| {
            heard.push(error.to_string());
            // As a run does that trains here.
            if fs::remove_dir(store.path(7)).is_ok() {
                fs::create_dir(store.path(9)).unwrap();
            }
        });
        assert!(found.is_err());
        assert!(heard.iter().any(|error| error.contains("step-00000009")), "{heard:?}");
        assert!(!heard.iter().any(|error| error.contains("step-00000007")), "{heard:?}");
    }

    #[test]
    fn a_checkpoint_that_made_way_for_one_that_never_came_is_put_back() {
        let (_run, store) =
            store(&[".tmp-old-step-00000007", ".tmp-step-00000007-1", ".tmp-old-step-00000008"]);
        fs::create_dir(store.path(8)).unwrap();
        store.clean();
        assert_eq!(store.steps().unwrap(), [8, 7]);
        assert_eq!(fs::read_dir(&store.folder).unwrap().count(), 2);
    }
}
