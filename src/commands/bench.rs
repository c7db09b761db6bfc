//! `taper bench`: how fast a config trains and predicts on this machine.

use serde_json::json;
use taper::bench::{Baseline, Bench, Options};

use super::{machine, source, system, text};
use crate::cli::{self, Common, Format};
use crate::progress;
use crate::terminal;

/// Runs the command.
///
/// # Errors
/// If the config, the data or the baseline is invalid, or the result is slower than allowed.
pub fn run(options: &cli::Bench, common: &Common) -> anyhow::Result<()> {
    let loaded = source::load(&options.config)?;
    let baseline = options.baseline.as_deref().map(Baseline::read).transpose()?;
    let device = machine::open(&options.machine)?;
    let mut search = machine::search_path(&options.machine.data, &loaded.folders, system::catch()?)?;
    search.loading = progress::shown(common, search.loading);
    let mut bench = Bench::new(loaded.experiment, &search, device)?;
    if let Some(missing) = bench.missing() {
        terminal::warn(&format!("measuring on random samples: {missing}"));
    }
    if let Some(baseline) = &baseline {
        baseline.check(&bench.conditions())?;
    }
    let report = bench.measure(Options { seconds: options.seconds })?;
    for warning in text::noise(&report) {
        terminal::warn(&warning);
    }
    let comparison = baseline.map(|baseline| baseline.compare(&report, options.max_regression));
    match options.format {
        Format::Json => {
            let mut result = json!(report);
            if let Some(comparison) = comparison {
                result["baseline"] = json!(comparison);
            }
            terminal::print(&format!("{result:#}"))?;
        }
        Format::Text => terminal::print(&text::bench(&report, comparison.as_ref()))?,
    }
    Ok(comparison.map_or(Ok(()), |comparison| comparison.check())?)
}
