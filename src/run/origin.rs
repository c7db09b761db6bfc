//! `origin.json` in a run folder: where the run's files were, so that a command without flags finds the data
//! again, even after a project was moved or copied.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::checkpoint::Checkpoint;
use crate::data::SearchPath;
use crate::durable::write_file;
use crate::error::{Error, Result};

/// The file's name in a run folder.
pub const FILE: &str = "origin.json";
/// The largest file that is accepted, in bytes.
const LIMIT: u64 = 1 << 20;

/// The locations of a run's config and data: absolute paths at the time of the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The run folder.
    run_folder: PathBuf,
    /// The folder for relative paths of the config.
    config_folder: PathBuf,
    /// The folders searched for data sets.
    data_folders: Vec<PathBuf>,
}

/// The folders that a run or a config refers to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Folders {
    /// The folder for relative paths of the config.
    pub config_folder: PathBuf,
    /// The folders searched for data sets.
    pub data_folders: Vec<PathBuf>,
}

impl Origin {
    /// The origin of a run in the folder `run` that searches for data in `search`.
    pub fn new(run: &Path, search: &SearchPath) -> Self {
        // Without a current folder, paths are not made absolute.
        let whole = |path: &Path| std::path::absolute(path.join(".")).unwrap_or_else(|_| path.to_path_buf());
        Self {
            run_folder: whole(run),
            config_folder: whole(&search.config_folder),
            data_folders: search.folders.iter().map(|folder| whole(folder)).collect(),
        }
    }

    /// Writes it to the run folder.
    ///
    /// # Errors
    /// If an I/O error occurs.
    pub fn write(&self, run: &Path) -> Result<()> {
        let path = run.join(FILE);
        // A path that is not UTF-8 cannot be written as JSON; the run is then treated like an older one
        // without the file.
        let Ok(text) = serde_json::to_string_pretty(self) else { return Ok(()) };
        write_file(&path, format!("{text}\n").as_bytes())
    }
}

impl Folders {
    /// The present folders of the run of `checkpoint`: the folder of a lone weights file; else according to
    /// `origin.json`; else as recorded in the checkpoint.
    #[must_use]
    pub fn of(checkpoint: &Checkpoint) -> Self {
        let Some(state) = &checkpoint.state else {
            return Self::beside(checkpoint.place.parent().unwrap_or(Path::new("")));
        };
        let whole = std::path::absolute(&checkpoint.place).unwrap_or_else(|_| checkpoint.place.clone());
        let run = whole.parent().filter(|folder| folder.ends_with("checkpoints")).and_then(Path::parent);
        run.and_then(Self::of_run).unwrap_or_else(|| Self::beside(Path::new(&state.config_folder)))
    }

    /// The present folders of the run in the folder `run`, if `origin.json` exists.
    #[must_use]
    pub fn of_run(run: &Path) -> Option<Self> {
        let text = crate::files::read(&run.join(FILE), LIMIT).ok()?;
        let origin: Origin = serde_json::from_slice(&text).ok()?;
        let run = std::path::absolute(run.join(".")).ok()?;
        let here = |path: &PathBuf| present(path, &origin.run_folder, &run);
        Some(Self {
            config_folder: here(&origin.config_folder),
            data_folders: origin.data_folders.iter().map(here).collect(),
        })
    }

    /// The folders for the config at `path`: its own folder, or for the `config.toml` of a run the folders of
    /// that run.
    #[must_use]
    pub fn of_config(path: &Path) -> Self {
        let folder = path.parent().unwrap_or(Path::new(""));
        let is_of_run = path.file_name().is_some_and(|name| name == "config.toml");
        let of_checkpoint =
            || folder.join("checkpoints").is_dir().then(|| Checkpoint::open(folder, |_| {}).ok());
        let of_run =
            || Self::of_run(folder).or_else(|| of_checkpoint().flatten().map(|found| Self::of(&found)));
        is_of_run.then(of_run).flatten().unwrap_or_else(|| Self::beside(folder))
    }

    /// Adds the folders in which the run in the folder `run` searched for data sets.
    #[must_use]
    pub fn with_data_of(mut self, run: &Path) -> Self {
        self.data_folders.extend(Self::of_run(run).into_iter().flat_map(|folders| folders.data_folders));
        self
    }

    /// The folders for files in `folder`.
    fn beside(folder: &Path) -> Self {
        Self { config_folder: folder.to_path_buf(), data_folders: Vec::new() }
    }

    /// Adds these folders to `search`: after its own, but before `data`, which is always searched last.
    #[must_use]
    pub fn search(&self, search: SearchPath) -> SearchPath {
        let mut folders = search.folders;
        let at = folders.len() - usize::from(folders.last().is_some_and(|last| last == Path::new("data")));
        let new: Vec<PathBuf> =
            self.data_folders.iter().filter(|own| !folders.contains(own)).cloned().collect();
        folders.splice(at..at, new);
        SearchPath { folders, config_folder: self.config_folder.clone(), ..search }
    }

    /// Adds to `error` what to do if a file of the run is gone.
    #[must_use]
    pub fn explain(error: Error) -> Error {
        match error {
            Error::Data { place, message } if place.is_absolute() && !place.exists() => {
                let message =
                    format!("{message}; if the data has moved, give its folder with --data-dir DIR");
                Error::Data { place, message }
            }
            other => other,
        }
    }
}

/// The present location of `path` for a run that has moved from `then` to `now`: the folder at the same
/// relative position, if it exists; else `path` itself, with a warning, because it may belong to another
/// project.
fn present(path: &Path, then: &Path, now: &Path) -> PathBuf {
    let same =
        |a: &Path, b: &Path| a == b || a.canonicalize().is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b));
    if same(then, now) {
        return path.to_path_buf();
    }
    let Some(moved) = beside(path, then, now) else { return path.to_path_buf() };
    if moved.is_dir() || !path.is_dir() {
        return moved;
    }
    tracing::warn!(
        "the run was moved or copied from {} to {}: searching for its files in {}, because {} does not exist",
        shown(then),
        shown(now),
        shown(path),
        shown(&moved)
    );
    path.to_path_buf()
}

/// `path` in its shortest form: without `..` and links, and relative to the current folder if it is below it.
fn shown(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    match here.ok().and_then(|here| path.strip_prefix(here).ok()) {
        Some(below) if below.as_os_str().is_empty() => ".".to_owned(),
        Some(below) => below.display().to_string(),
        None => path.display().to_string(),
    }
}

/// The path with the same position relative to `now` as `path` had to `then`; `None` if they had only the
/// root in common.
fn beside(path: &Path, then: &Path, now: &Path) -> Option<PathBuf> {
    let common = path.components().zip(then.components()).take_while(|(a, b)| a == b).count();
    if common < 2 {
        return None;
    }
    let mut moved = now.to_path_buf();
    for _ in then.components().skip(common) {
        if !moved.pop() {
            return None;
        }
    }
    for component in path.components().skip(common) {
        match component {
            Component::ParentDir => drop(moved.pop()),
            other => moved.push(other),
        }
    }
    Some(moved)
}
