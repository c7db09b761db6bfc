//! `taper train --fold all/N`: one run for each part of the training samples, and the mean of their metrics.

use std::path::{Path, PathBuf};

use taper::Error;
use taper::data::split::Fold;
use taper::run::Folds;

use super::start::{RUNS, Start};
use super::{source, system, text, train};
use crate::cli::{Common, Format, Train};
use crate::terminal;

/// Trains with each of `parts` held out. With `--resume`, finished runs are kept and stopped ones continue.
///
/// # Errors
/// If a run fails or is stopped by a signal, or a condition of `[gate]` does not hold for one of them.
pub fn run(options: &Train, parts: u32, common: &Common) -> anyhow::Result<()> {
    if options.resume.as_ref().is_some_and(|path| path.as_os_str() != "auto") {
        let message =
            "with `--fold all/…`, `--resume` takes no path: name the folder of the runs with `--run-dir`";
        return Err(Error::Usage(message.to_owned()).into());
    }
    let folder = folder(options, parts)?;
    let interrupt = system::catch()?;
    let mut outcomes = Vec::new();
    for fold in (1..=parts).filter_map(|number| Fold::new(number, parts)) {
        if !common.quiet {
            terminal::note(&format!("fold {fold}: {}", folder.join(fold.folder()).display()));
        }
        let options = options.of_fold(fold, &folder);
        outcomes.push(train::one(Start::choose(&options)?, &options, common, interrupt.clone())?);
    }
    let runs: Vec<_> =
        outcomes.iter().map(|outcome| (outcome.folder.clone(), outcome.summary.clone())).collect();
    let folds = Folds::new(&runs);
    folds.write(&folder)?;
    match options.format {
        Format::Json => terminal::print(&folds.to_json()?)?,
        Format::Text => terminal::print_lines(&text::folds(&folds, &folder))?,
    }
    Ok(outcomes.iter().try_for_each(taper::Outcome::check_gate)?)
}

/// The folder of the runs.
fn folder(options: &Train, parts: u32) -> anyhow::Result<PathBuf> {
    if let Some(folder) = &options.run_dir {
        return Ok(folder.clone());
    }
    // Like the first run, for a config that is only valid with it.
    let options = Fold::new(1, parts).map(|fold| options.of_fold(fold, Path::new("")));
    let name = options.map(|options| source::load(&options.config)).transpose()?;
    let name = name.map(|loaded| loaded.experiment.name).unwrap_or_default();
    Ok(Path::new(RUNS).join(format!("{name}-{parts}-folds")))
}
