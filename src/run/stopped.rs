//! A stopped run to be resumed.

use std::path::{Path, PathBuf};

use crate::checkpoint::{Checkpoint, Store, explain_missing, manifest};
use crate::error::{Error, Result};
use crate::run_folder::RunFolder;

/// A stopped run: its folder, which is locked, and its checkpoint.
pub struct Stopped {
    /// The folder.
    pub folder: RunFolder,
    /// The checkpoint to resume from; `None` if the run was stopped before its first one.
    pub checkpoint: Option<Checkpoint>,
}

impl Stopped {
    /// The run in the folder `run` at its latest checkpoint, if it has one; calls `skipped` for each damaged
    /// checkpoint.
    ///
    /// # Errors
    /// If another process trains in it, or none of its checkpoints is usable.
    pub fn latest(run: &Path, skipped: impl FnMut(&Error)) -> Result<Self> {
        let folder = RunFolder::open(run)?;
        let store = Store::new(run);
        store.clean();
        Ok(Self { checkpoint: store.latest(skipped)?, folder })
    }

    /// The run at `path`: a run folder, at its latest checkpoint, or a checkpoint folder in one.
    ///
    /// # Errors
    /// As [`latest`](Self::latest), or if it is neither.
    pub fn at(path: &Path, skipped: impl FnMut(&Error)) -> Result<Self> {
        if matches!(path.try_exists(), Ok(false)) {
            return Err(Error::checkpoint(path, explain_missing(path)));
        }
        let is_checkpoint = path.join(manifest::FILE).exists();
        let run = if is_checkpoint { run_of(path) } else { Some(path.to_path_buf()) };
        let is_run = |run: &PathBuf| run.join("config.toml").exists() || run.join("checkpoints").is_dir();
        let run = run.filter(is_run).ok_or_else(|| {
            let message = "is neither a run folder nor a checkpoint folder inside one; nothing to resume";
            Error::checkpoint(path, message)
        })?;
        if is_checkpoint {
            let folder = RunFolder::open(&run)?;
            Store::new(&run).clean();
            return Ok(Self { folder, checkpoint: Some(Checkpoint::read(path)?) });
        }
        let stopped = Self::latest(&run, skipped)?;
        if stopped.checkpoint.is_none() {
            let message = "holds no checkpoint to resume from; \
                 use `--resume auto`, which starts a new run if there is none";
            return Err(Error::checkpoint(&run, message));
        }
        Ok(stopped)
    }
}

/// The run folder of a checkpoint folder, `RUN/checkpoints/step-…`, whatever the current folder.
fn run_of(checkpoint: &Path) -> Option<PathBuf> {
    let whole = checkpoint.canonicalize().ok()?;
    let checkpoints = whole.parent().filter(|folder| folder.ends_with("checkpoints"))?;
    checkpoints.parent().map(Path::to_path_buf)
}
