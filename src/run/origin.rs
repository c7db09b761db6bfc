//! Where a run's files were, kept in its folder as `origin.json`: so that a command without flags finds the data
//! again, also after a project was moved or copied.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::checkpoint::Checkpoint;
use crate::data::SearchPath;
use crate::durable::write_file;
use crate::error::{Error, Result};

/// The file's name in a run folder.
pub const FILE: &str = "origin.json";
/// The largest file that is read.
const LIMIT: u64 = 1 << 20;

/// Where a run's config was and its data was looked for: absolute paths, as they were.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The run folder.
    run_folder: PathBuf,
    /// The folder that relative paths of the config start from.
    config_folder: PathBuf,
    /// The folders in which data sets were looked for.
    data_folders: Vec<PathBuf>,
}

/// The folders in which a run or a config looks for its files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Folders {
    /// The folder that relative paths of the config start from.
    pub config_folder: PathBuf,
    /// The folders in which data sets were looked for.
    pub data_folders: Vec<PathBuf>,
}

impl Origin {
    /// That of a run in the folder `run` which looks for its data in `search`.
    pub fn new(run: &Path, search: &SearchPath) -> Self {
        // Without a current folder they stay as they are.
        let whole = |path: &Path| std::path::absolute(path.join(".")).unwrap_or_else(|_| path.to_path_buf());
        Self {
            run_folder: whole(run),
            config_folder: whole(&search.config_folder),
            data_folders: search.folders.iter().map(|folder| whole(folder)).collect(),
        }
    }

    /// Writes it into the run folder.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn write(&self, run: &Path) -> Result<()> {
        let path = run.join(FILE);
        // A path that is no text cannot be written as JSON; a run without the file is as one from before there was one.
        let Ok(text) = serde_json::to_string_pretty(self) else { return Ok(()) };
        write_file(&path, format!("{text}\n").as_bytes())
    }
}

impl Folders {
    /// Where the run of `checkpoint` finds its files now: beside a lone weights file; by `origin.json`; else where the
    /// checkpoint knew them.
    #[must_use]
    pub fn of(checkpoint: &Checkpoint) -> Self {
        let Some(state) = &checkpoint.state else {
            return Self::beside(checkpoint.place.parent().unwrap_or(Path::new("")));
        };
        let whole = std::path::absolute(&checkpoint.place).unwrap_or_else(|_| checkpoint.place.clone());
        let run = whole.parent().filter(|folder| folder.ends_with("checkpoints")).and_then(Path::parent);
        run.and_then(Self::of_run).unwrap_or_else(|| Self::beside(Path::new(&state.config_folder)))
    }

    /// The same for the run in the folder `run`, if that says.
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

    /// Where relative paths of the config at `path` start, and data sets are looked for: beside it, but for the
    /// `config.toml` of a run where that run looked.
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

    /// These, and the folders in which the run in the folder `run` looked for data sets.
    #[must_use]
    pub fn with_data_of(mut self, run: &Path) -> Self {
        self.data_folders.extend(Self::of_run(run).into_iter().flat_map(|folders| folders.data_folders));
        self
    }

    /// Those of files that lie in `folder`.
    fn beside(folder: &Path) -> Self {
        Self { config_folder: folder.to_path_buf(), data_folders: Vec::new() }
    }

    /// `search` with these folders: after those that it has, but before `data`, where everybody looks in the end.
    #[must_use]
    pub fn search(&self, search: SearchPath) -> SearchPath {
        let mut folders = search.folders;
        let at = folders.len() - usize::from(folders.last().is_some_and(|last| last == Path::new("data")));
        let new: Vec<PathBuf> =
            self.data_folders.iter().filter(|own| !folders.contains(own)).cloned().collect();
        folders.splice(at..at, new);
        SearchPath { folders, config_folder: self.config_folder.clone(), ..search }
    }

    /// `error` with what to do where a file is gone that a run had.
    #[must_use]
    pub fn explain(error: Error) -> Error {
        match error {
            Error::Data { place, message } if place.is_absolute() && !place.exists() => {
                let message =
                    format!("{message}; if the data has moved, say where it is with --data-dir DIR");
                Error::Data { place, message }
            }
            other => other,
        }
    }
}

/// What `path` is now that the run that was in `then` is in `now`: the folder that is as far from the run as it was,
/// if there is one; else itself, with a warning, because it may belong to another project.
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
        "the run was moved or copied from {} to {}: its files are looked for in {}, because there is no {}",
        shown(then),
        shown(now),
        shown(path),
        shown(&moved)
    );
    path.to_path_buf()
}

/// `path` as short as it can be: without `..` and links, and from the current folder if it is below that.
fn shown(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    match here.ok().and_then(|here| path.strip_prefix(here).ok()) {
        Some(below) if below.as_os_str().is_empty() => ".".to_owned(),
        Some(below) => below.display().to_string(),
        None => path.display().to_string(),
    }
}

/// The path that leads from `now` to where `path` was from `then`; none where they had nothing but the root in common.
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
