//! Loads a config from a file, standard input, the built-in configs or a checkpoint, and applies `TAPER__…` and
//! `--set`.

use std::path::Path;

use taper::Error;
use taper::config::Input;
use taper::experiment::{self, Experiment};
use taper::run::{self, Checkpoint, Folders};

use super::overrides::overrides;
use crate::cli::{ConfigArgs, Overrides};
use crate::terminal;

/// The built-in config that is used if none is given.
const DEFAULT: &str = "synthetic_mlp";

/// A config and the folders in which its files are searched.
pub struct Loaded {
    pub experiment: Experiment,
    pub folders: Folders,
}

/// Loads the given config, by default [`DEFAULT`].
///
/// # Errors
/// If it cannot be read; with every mistake in it at once.
pub fn load(config: &ConfigArgs) -> anyhow::Result<Loaded> {
    load_from(config.path().unwrap_or(Path::new(DEFAULT)), &config.overrides)
}

/// Loads the config at `path` and applies `--set` and `TAPER__…`.
///
/// # Errors
/// As [`load`].
pub fn load_from(path: &Path, set: &Overrides) -> anyhow::Result<Loaded> {
    let input = Input { overrides: overrides(set), ..read(path)? };
    Ok(Loaded { experiment: Experiment::from_input(&input)?, folders: Folders::of_config(path) })
}

/// Opens the checkpoint at `path`; warns about each damaged one that is skipped.
///
/// # Errors
/// If there is no usable checkpoint.
pub fn checkpoint(path: &Path) -> taper::Result<Checkpoint> {
    Checkpoint::open(path, warn_of_skipped)
}

/// The config of a checkpoint with `--set` and `TAPER__…` applied.
///
/// # Errors
/// If the checkpoint's config cannot be used; with every mistake in the result at once.
pub fn override_values(checkpoint: &Checkpoint, set: &Overrides) -> taper::Result<Experiment> {
    run::override_config(checkpoint, overrides(set))
}

/// Warns that a damaged checkpoint was skipped.
pub fn warn_of_skipped(error: &Error) {
    terminal::warn(&format!("skipped a damaged checkpoint: {error}"));
}

fn read(path: &Path) -> taper::Result<Input> {
    if path.as_os_str() != "-" {
        return experiment::file::open(path);
    }
    let text = experiment::file::read(path, std::io::stdin().lock())?;
    Ok(Input { name: "standard input".to_owned(), text, ..Input::default() })
}
