//! Run folders such as `runs/NAME-0001`: numbering, lock, `config.toml` and `summary.json`.
//!
//! ```
//! use taper::run::RunFolder;
//!
//! # fn main() -> taper::Result<()> {
//! let runs = std::env::temp_dir().join(format!("taper-runs-{}", std::process::id()));
//! let folder = RunFolder::create_next(&runs, "mnist-cnn")?;
//! assert!(folder.path().ends_with("mnist-cnn-0001"));
//! assert_eq!(RunFolder::latest(&runs, "mnist-cnn").as_deref(), Some(folder.path()));
//! # taper::internals::durable::remove_folder(&runs)?;
//! # Ok(())
//! # }
//! ```

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::durable::{UNFINISHED, create_folder, require_regular, sync_folder, write_file};
use crate::error::{Error, Result};
use crate::events::Summary;
use crate::experiment::Experiment;
use crate::system::quoted;

/// The file that is locked while a run is being trained.
const LOCK: &str = ".lock";

/// The folder of a run, locked for the lifetime of this value.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Held for its lock, which the operating system releases when the process ends.
    _lock: File,
}

impl RunFolder {
    /// Creates the next free folder for `name` in `runs`: `NAME-0001`, `NAME-0002`, …
    ///
    /// # Errors
    /// If it cannot be created or locked.
    pub fn create_next(runs: &Path, name: &str) -> Result<Self> {
        create_folder(runs)?;
        let mut number = numbers(runs, name).into_iter().max().map_or(0, u64::from);
        loop {
            number += 1;
            let path = runs.join(format!("{name}-{number:04}"));
            match fs::create_dir(&path) {
                Ok(()) => {
                    sync_folder(runs)?;
                    return Self::lock(path);
                }
                // Another process was faster; try the next number.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::io(&path, "create the folder")(error)),
            }
        }
    }

    /// Creates the folder `path`, which must be new or empty unless `force` clears it.
    ///
    /// # Errors
    /// [`Error::Usage`] if it is not empty; otherwise if it cannot be created or locked.
    pub fn create(path: &Path, force: bool) -> Result<Self> {
        create_folder(path)?;
        let refuse = || {
            Err(Error::Usage(format!(
                "{}: the folder is not empty; use --resume to continue the run, --force to start over, or another --run-dir",
                path.display()
            )))
        };
        if !force && is_occupied(path)? {
            // Only run folders are locked here: this detects a run in progress.
            if path.join(LOCK).exists() {
                Self::lock(path.to_path_buf())?;
            }
            return refuse();
        }
        let folder = Self::lock(path.to_path_buf())?;
        // Another process may have used the folder in the meantime.
        match is_occupied(path)? {
            true if force => folder.clear()?,
            true => return refuse(),
            false => {}
        }
        folder.clean();
        Ok(folder)
    }

    /// Opens the existing folder `path`.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process trains in it.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = Self::lock(path.to_path_buf())?;
        folder.clean();
        Ok(folder)
    }

    /// The latest run called `name` in `runs`, if there is one.
    #[must_use]
    pub fn latest(runs: &Path, name: &str) -> Option<PathBuf> {
        let number = numbers(runs, name).into_iter().max()?;
        Some(runs.join(format!("{name}-{number:04}")))
    }

    /// Whether a run was begun in the folder `path`.
    ///
    /// # Errors
    /// If an I/O error occurs.
    pub fn is_begun(path: &Path) -> Result<bool> {
        let config = path.join("config.toml");
        config.try_exists().map_err(Error::io(&config, "check whether it exists"))
    }

    /// The shell command that resumes the run in `folder`.
    #[must_use]
    pub fn resume_command(folder: &Path) -> String {
        format!("taper train --resume {}", quoted(folder))
    }

    /// The shell command that evaluates the run in `folder`.
    #[must_use]
    pub fn eval_command(folder: &Path) -> String {
        format!("taper eval {}", quoted(folder))
    }

    /// The path of the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `config.toml`: the whole config with defaults filled in.
    ///
    /// # Errors
    /// If an I/O error occurs.
    pub fn write_config(&self, experiment: &Experiment) -> Result<()> {
        let text = experiment.to_toml();
        write_file(&self.path.join("config.toml"), text.as_bytes())
    }

    /// Writes `summary.json`.
    ///
    /// # Errors
    /// If an I/O error occurs.
    pub fn write_summary(&self, summary: &Summary) -> Result<()> {
        write_file(&self.path.join(Summary::FILE), format!("{}\n", summary.to_json()?).as_bytes())
    }

    /// Deletes `summary.json`, if it exists.
    ///
    /// # Errors
    /// If an I/O error occurs.
    pub fn remove_summary(&self) -> Result<()> {
        let path = self.path.join(Summary::FILE);
        match fs::remove_file(&path) {
            Ok(()) => sync_folder(&self.path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Error::io(&path, "delete it")(error)),
        }
    }

    fn lock(path: PathBuf) -> Result<Self> {
        let file = path.join(LOCK);
        require_regular(&file)?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&file)
            .map_err(Error::io(&file, "open the lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Error::Locked(path)),
            Err(TryLockError::Error(error)) => Err(Error::io(&file, "lock it")(error)),
        }
    }

    /// Deletes only the files of a run, so that a mistyped folder loses nothing.
    fn clear(&self) -> Result<()> {
        let own =
            ["checkpoints", "config.toml", "events.jsonl", "metrics.csv", "origin.json", "summary.json"];
        let entries = fs::read_dir(&self.path).map_err(Error::io(&self.path, "list the folder"))?;
        let foreign = entries
            .flatten()
            .map(|entry| entry.file_name())
            .find(|name| !is_left_over(name) && !own.iter().any(|own| name == own));
        if let Some(name) = foreign {
            return Err(Error::Usage(format!(
                "{}: --force only clears run folders, but `{}` is not part of one",
                self.path.display(),
                name.display()
            )));
        }
        for name in own {
            let path = self.path.join(name);
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            match removed {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::io(&path, "delete it")(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Deletes unfinished files of a killed process.
    fn clean(&self) {
        for entry in fs::read_dir(&self.path).into_iter().flatten().flatten() {
            if is_unfinished(&entry.file_name()) {
                // Best effort: these names are never read.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn is_unfinished(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with(UNFINISHED))
}

/// Whether a folder holds more than the leftovers of a killed process.
fn is_occupied(path: &Path) -> Result<bool> {
    let entries = fs::read_dir(path).map_err(Error::io(path, "list the folder"))?;
    Ok(entries.flatten().any(|entry| !is_left_over(&entry.file_name())))
}

/// Whether this file is a leftover that makes a folder count as empty.
fn is_left_over(name: &OsStr) -> bool {
    name == LOCK || is_unfinished(name)
}

/// The numbers of the runs called `name`.
fn numbers(runs: &Path, name: &str) -> Vec<u32> {
    let entries = fs::read_dir(runs).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let found = entry.file_name();
            let number = found.to_str()?.strip_prefix(name)?.strip_prefix('-')?.parse().ok()?;
            (found == *format!("{name}-{number:04}")).then_some(number)
        })
        .collect()
}

#[cfg(test)]
mod tests;
