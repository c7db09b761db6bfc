//! `taper check`: a config without training.

use serde_json::json;
use taper::interrupt::Interrupt;

use super::{machine, source, text};
use crate::cli::{Check, Format};
use crate::terminal;

/// Checks.
///
/// # Errors
/// Everything that is wrong with the config, at once.
pub fn run(options: &Check) -> anyhow::Result<()> {
    let loaded = source::load(&options.source)?;
    let check =
        loaded.experiment.check(&machine::search_path(&options.data, &loaded.folders, Interrupt::default()));
    match options.format {
        Format::Json => terminal::print(&format!("{:#}", json!(check))),
        Format::Text => terminal::print(&text::check(&check, loaded.experiment.train.batch_size)),
    }
}
