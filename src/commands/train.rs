//! `taper train`: a new run, or the rest of a stopped one.

use taper::Error;
use taper::callbacks::Callback;
use taper::events::Summary;
use taper::run::Options;

use super::start::Start;
use super::{machine, system, text};
use crate::cli::{Common, Format, Train};
use crate::progress::{self, Progress};
use crate::terminal;

/// Trains.
///
/// # Errors
/// Whatever stops the run, or a condition of `[gate]` that does not hold.
pub fn run(options: &Train, common: &Common) -> anyhow::Result<()> {
    let interrupt = system::catch()?;
    let start = Start::choose(options)?;
    let device = machine::open(&options.machine)?;
    let mut search = machine::search_path(&options.machine.data, &start.folders, interrupt.clone())?;
    search.loading = progress::shown(common, search.loading);
    let mut progress = Progress::new(common, &start.experiment);
    let callbacks: Vec<&mut dyn Callback> = vec![&mut progress];
    let parts = Options { place: start.place, search, device: Some(device), callbacks, interrupt };
    let outcome = match taper::train(&start.experiment, parts) {
        Err(stopped @ Error::Interrupted(_)) => {
            // Without one, the run had not begun.
            if let (Format::Json, Ok(summary)) = (options.format, Summary::read(&progress.run)) {
                terminal::print(&summary.to_json()?)?;
            }
            return Err(stopped.into());
        }
        other => other?,
    };
    match (options.format, text::finished(&outcome)) {
        (Format::Json, said) => {
            if let Some(said) = said {
                terminal::note(&said);
            }
            terminal::print(&outcome.summary.to_json()?)?;
        }
        (Format::Text, Some(said)) => terminal::print(&said)?,
        (Format::Text, None) => {
            terminal::print_lines(&text::outcome(&outcome, &start.experiment.train, common.quiet))?;
        }
    }
    Ok(outcome.check_gate()?)
}
