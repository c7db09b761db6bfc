//! Suggests the run that was probably meant by a path that does not exist.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::nearest;

/// The folder in which runs are searched, next to the named folder.
const RUNS: &str = "runs";
/// Limit on the number of folders that are compared.
const MOST: usize = 10_000;

/// A sentence about `path`, which does not exist: the run that may be meant, or the accepted kinds of path.
#[must_use]
pub fn explain_missing(path: &Path) -> String {
    match nearby(path) {
        Some(run) => format!("does not exist; did you mean {}?", run.display()),
        None => "does not exist; give a run folder, a checkpoint folder or a .safetensors file".to_owned(),
    }
}

/// The run with the same or a similar name next to `path` or in `runs`.
fn nearby(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let beside = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let places = [Some(Path::new(RUNS)), beside, beside.is_none().then_some(Path::new("."))];
    let runs: Vec<PathBuf> = places.into_iter().flatten().flat_map(runs_in).collect();
    if let Some(run) = runs.iter().find(|run| called(run) == Some(name)) {
        return Some(run.clone());
    }
    let names: Vec<&str> = runs.iter().filter_map(|run| called(run)).collect();
    let close = nearest(name, &names)?;
    runs.iter().find(|run| called(run) == Some(close)).cloned()
}

fn called(run: &Path) -> Option<&str> {
    run.file_name()?.to_str()
}

/// The run folders in `folder`, sorted.
fn runs_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().take(MOST);
    let is_run = |path: &PathBuf| path.join("config.toml").is_file() || path.join("checkpoints").is_dir();
    let here = |path: PathBuf| path.strip_prefix(".").map(Path::to_path_buf).unwrap_or(path);
    let mut runs: Vec<PathBuf> = entries.map(|entry| here(entry.path())).filter(is_run).collect();
    runs.sort();
    runs
}
