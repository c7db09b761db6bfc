//! Configs from a file, standard input, the program itself or a checkpoint, with `TAPER__…` and `--set` on
//! top.

use std::path::Path;

use taper::Error;
use taper::config::Input;
use taper::experiment::{self, Experiment};
use taper::run::{self, Checkpoint, Folders};

use super::overrides::overrides;
use crate::cli::{Overrides, Source};
use crate::terminal;

/// The config without `--config`, a built-in one.
const DEFAULT: &str = "synthetic_mlp";

/// A config and where its files are looked for.
pub struct Loaded {
    pub experiment: Experiment,
    pub folders: Folders,
}

/// Reads the config that `source` names, by default [`DEFAULT`].
///
/// # Errors
/// If it cannot be read, or everything that is wrong with it.
pub fn load(source: &Source) -> anyhow::Result<Loaded> {
    load_from(source.path().unwrap_or(Path::new(DEFAULT)), &source.overrides)
}

/// Reads the config at `path` with `--set` and `TAPER__…` on top.
///
/// # Errors
/// As [`load`].
pub fn load_from(path: &Path, set: &Overrides) -> anyhow::Result<Loaded> {
    let input = Input { overrides: overrides(set), ..read(path)? };
    Ok(Loaded { experiment: Experiment::from_input(&input)?, folders: Folders::of_config(path) })
}

/// Opens the checkpoint at `path`, with a warning for each damaged one on the way to it.
///
/// # Errors
/// If there is none, or none that can be used.
pub fn checkpoint(path: &Path) -> taper::Result<Checkpoint> {
    Checkpoint::open(path, warn_of_skipped)
}

/// The config of a checkpoint with `--set` and `TAPER__…` on top.
///
/// # Errors
/// If the checkpoint's own config cannot be used, or everything that is wrong with it now.
pub fn override_values(checkpoint: &Checkpoint, set: &Overrides) -> taper::Result<Experiment> {
    run::override_config(checkpoint, overrides(set))
}

/// Says that a damaged checkpoint was passed over.
pub fn warn_of_skipped(error: &Error) {
    terminal::warn(&format!("skipped a checkpoint: {error}"));
}

fn read(path: &Path) -> taper::Result<Input> {
    if path.as_os_str() != "-" {
        return experiment::file::open(path);
    }
    let text = experiment::file::read(path, std::io::stdin().lock())?;
    Ok(Input { name: "standard input".to_owned(), text, ..Input::default() })
}
