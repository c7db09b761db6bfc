//! `taper check`: a config without training.

use serde_json::json;
use taper::interrupt::Interrupt;

use super::{machine, source, text};
use crate::cli::{Check, Format};
use crate::terminal;

/// Checks.
///
/// # Errors
/// Everything that is wrong with the config, at once; data that is missing or does not fit it.
pub fn run(options: &Check) -> anyhow::Result<()> {
    let loaded = source::load(&options.source)?;
    let search = machine::search_path(&options.data, &loaded.folders, Interrupt::default())?;
    let experiment = &loaded.experiment;
    let check =
        if options.no_data { experiment.check_without_data(&search)? } else { experiment.check(&search)? };
    match options.format {
        Format::Json => terminal::print(&format!("{:#}", json!(check)))?,
        Format::Text => terminal::print_lines(&text::check(&check, experiment.train.batch_size))?,
    }
    if options.no_data { Ok(()) } else { Ok(check.require_data()?) }
}
