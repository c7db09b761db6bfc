//! Configs from a file, standard input or the program itself, with `--set` and `TAPER__…` on top.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use taper::Error;
use taper::checkpoint::Checkpoint;
use taper::config::{Input, nearest};
use taper::experiment::Experiment;
use taper::presets;
use taper::run::config_of;

use crate::cli::{Overrides, Source};

/// A config and the folder that its relative paths start from.
pub struct Loaded {
    pub experiment: Experiment,
    pub folder: PathBuf,
}

/// The longest config that is read.
const LIMIT: u64 = 1 << 18;

/// Reads the config that `source` names, by default the built-in synthetic MLP.
///
/// # Errors
/// If it cannot be read, or everything that is wrong with it.
pub fn load(source: &Source) -> anyhow::Result<Loaded> {
    let path = source.config.clone().unwrap_or_else(|| presets::DEFAULT.into());
    let (name, text) = read(&path)?;
    let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
    let experiment = parse(name, text, &source.overrides)?;
    Ok(Loaded { experiment, folder })
}

/// The config of a checkpoint with `--set` and `TAPER__…` on top.
///
/// # Errors
/// If the checkpoint's own config cannot be used, or everything that is wrong with it now.
pub fn override_values(checkpoint: &Checkpoint, overrides: &Overrides) -> anyhow::Result<Experiment> {
    config_of(checkpoint)?;
    let text = serde_json::to_vec_pretty(&checkpoint.card.experiment)?;
    parse(format!("{}.json", checkpoint.place.display()), text, overrides)
}

fn parse(name: String, text: Vec<u8>, overrides: &Overrides) -> anyhow::Result<Experiment> {
    let set = overrides.set.iter().map(|text| ("--set".to_owned(), text.clone()));
    let input = Input { name, text, overrides: environment().into_iter().chain(set).collect() };
    Ok(Experiment::load(&input).map_err(|diagnostics| Error::Config(Box::new(diagnostics)))?)
}

/// `TAPER__TRAIN__EPOCHS=3` stands for `train.epochs=3`; sorted, so that it has a fixed order.
fn environment() -> Vec<(String, String)> {
    let mut values: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            let path = name.strip_prefix("TAPER__")?.to_lowercase().replace("__", ".");
            Some((name, format!("{path}={}", value.into_string().ok()?)))
        })
        .collect();
    values.sort();
    values
}

fn read(path: &Path) -> anyhow::Result<(String, Vec<u8>)> {
    let name = path.display().to_string();
    if name == "-" {
        return Ok(("standard input".to_owned(), read_limited(std::io::stdin().lock(), path)?));
    }
    if let Some(text) = presets::find(&name)
        && !path.exists()
    {
        return Ok((format!("{name} (built in)"), text.as_bytes().to_vec()));
    }
    // To open a pipe that nobody writes to would block for ever. The shell's
    // `<(…)` gives one that is open already.
    if std::fs::metadata(path).is_ok_and(|facts| !facts.is_file() && !facts.is_dir())
        && !["/dev/fd", "/dev/stdin", "/proc/self/fd"].iter().any(|own| path.starts_with(own))
    {
        let message =
            format!("{name}: a pipe or device, not a regular file; `--config -` reads standard input");
        return Err(Error::Usage(message).into());
    }
    let file = File::open(path).map_err(|error| {
        let names: Vec<&str> = presets::ALL.iter().map(|(name, _)| *name).collect();
        let help = match nearest(&name, &names) {
            Some(close) => format!("did you mean the built-in config `{close}`?"),
            None => format!("built-in configs: {}", names.join(", ")),
        };
        Error::Usage(format!("{name}: cannot open the config: {error}; {help}"))
    })?;
    if file.metadata().is_ok_and(|facts| facts.is_dir()) {
        return Err(Error::Usage(format!("{name}: is a folder, not a config file")).into());
    }
    Ok((name, read_limited(file, path)?))
}

fn read_limited(from: impl Read, path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    from.take(LIMIT + 1)
        .read_to_end(&mut text)
        .map_err(|error| Error::Usage(format!("{}: cannot read the config: {error}", path.display())))?;
    if text.len() as u64 > LIMIT {
        return Err(
            Error::Usage(format!("{}: larger than 256 KiB, which no config is", path.display())).into()
        );
    }
    Ok(text)
}
