//! `taper train`: trains a new run, or resumes a stopped one.

use taper::callbacks::Callback;
use taper::events::Summary;
use taper::interrupt::Interrupt;
use taper::run::Options;
use taper::{Error, Outcome};

use super::start::Start;
use super::{machine, system, text};
use crate::cli::{Common, Format, Train};
use crate::progress::{self, Progress};
use crate::terminal;

/// Runs the command.
///
/// # Errors
/// If the run fails or is stopped by a signal, or a condition of `[gate]` does not hold.
pub fn run(options: &Train, common: &Common) -> anyhow::Result<()> {
    let start = Start::choose(options)?;
    let length = start.experiment.train.clone();
    let outcome = one(start, options, common, system::catch()?)?;
    match (options.format, text::finished(&outcome)) {
        (Format::Json, finished) => {
            if let Some(text) = finished {
                terminal::note(&text);
            }
            terminal::print(&outcome.summary.to_json()?)?;
        }
        (Format::Text, Some(text)) => terminal::print(&text)?,
        (Format::Text, None) => terminal::print_lines(&text::outcome(&outcome, &length, common.quiet))?,
    }
    Ok(outcome.check_gate()?)
}

/// Trains one run.
///
/// # Errors
/// If it fails or is stopped by a signal.
pub fn one(start: Start, options: &Train, common: &Common, interrupt: Interrupt) -> anyhow::Result<Outcome> {
    let device = machine::open(&options.machine)?;
    let mut search = machine::search_path(&options.machine.data, &start.folders, interrupt.clone())?;
    search.loading = progress::shown(common, search.loading);
    let mut progress = Progress::new(common, &start.experiment);
    let callbacks: Vec<&mut dyn Callback> = vec![&mut progress];
    let parts = Options { place: start.place, search, device: Some(device), callbacks, interrupt };
    match taper::train(&start.experiment, parts) {
        Err(stopped @ Error::Interrupted(_)) => {
            // There is no summary if the run had not started.
            if let (Format::Json, Ok(summary)) = (options.format, Summary::read(&progress.run)) {
                terminal::print(&summary.to_json()?)?;
            }
            Err(stopped.into())
        }
        other => Ok(other?),
    }
}
