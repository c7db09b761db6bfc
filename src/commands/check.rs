//! `taper check`: checks a config and its data without training.

use serde_json::json;
use taper::interrupt::Interrupt;

use super::{machine, source, text};
use crate::cli::{Check, Format};
use crate::terminal;

/// Runs the command.
///
/// # Errors
/// With every mistake in the config at once; if the data is missing or does not match the config.
pub fn run(options: &Check) -> anyhow::Result<()> {
    let loaded = source::load(&options.config)?;
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
