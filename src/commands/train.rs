//! `taper train`: a new run, or the rest of a stopped one.

use taper::callbacks::Callback;
use taper::events::Summary;
use taper::run::{Options, Outcome};

use super::progress::Progress;
use super::signals;
use super::start::Start;
use crate::cli::{Common, Format, Train};
use crate::terminal;

/// Trains.
///
/// # Errors
/// Whatever stops the run, or a condition of `[gate]` that does not hold.
pub fn run(options: &Train, common: &Common) -> anyhow::Result<()> {
    let interrupt = signals::catch()?;
    let start = Start::choose(options)?;
    let device = super::open_device(&options.machine)?;
    let search = super::search_path(&options.machine.data, &start.config_folder);
    let mut progress = Progress::new(common, &start.experiment);
    let callbacks: Vec<&mut dyn Callback> = vec![&mut progress];
    let place = start.place;
    let samples = None;
    let parts = Options { place, search, samples, device: Some(device), callbacks, interrupt };
    let outcome = taper::train(&start.experiment, parts)?;
    match options.format {
        Format::Json => terminal::print(&outcome.summary.to_json()?)?,
        Format::Text => terminal::print(&describe(&outcome))?,
    }
    Ok(outcome.check_gate()?)
}

/// Test metrics, where the run is, and what to do next.
fn describe(Outcome { summary, folder, .. }: &Outcome) -> String {
    let mut lines = Vec::new();
    let of = |name: &str| summary.metrics.get(&format!("test.{name}"));
    if let (Some(epoch), Some(loss)) = (summary.test_epoch, of("loss")) {
        let rest = match (of("accuracy"), of("rmse")) {
            (Some(accuracy), _) => format!("  accuracy {accuracy:.4}"),
            (_, Some(rmse)) => format!("  rmse {rmse:.6}"),
            _ => String::new(),
        };
        lines.push(format!("test   loss {loss:.4}{rest}  ({})", which(summary, epoch)));
    }
    lines.push(format!("saved  {}", folder.display()));
    lines.push(format!("next   taper eval --checkpoint {}", folder.display()));
    lines.join("\n")
}

/// Which weights were tested.
fn which(summary: &Summary, epoch: u64) -> String {
    let best = summary.best.as_ref().is_some_and(|best| best.epoch == epoch);
    if best { format!("best epoch, {epoch}") } else { "last weights".to_owned() }
}
