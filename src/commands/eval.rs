//! `taper eval`: a checkpoint's loss and metrics on a split of its data.

use std::path::Path;

use taper::Model;

use super::{machine, signals, source, text};
use crate::cli::{Eval, Format};
use crate::terminal;

/// Evaluates.
///
/// # Errors
/// If the checkpoint or the data cannot be used.
pub fn run(options: &Eval) -> anyhow::Result<()> {
    let checkpoint = source::checkpoint(options.checkpoint())?;
    let experiment = source::override_values(&checkpoint, &options.overrides)?;
    let device = machine::open(&options.machine)?;
    let mut model = Model::with_config(checkpoint, experiment, &device)?;
    // The checkpoint knows the config's folder.
    let search = machine::search_path(&options.machine.data, Path::new(""), signals::catch()?);
    let evaluation = model.evaluate(options.split.map(Into::into), &search)?;
    if evaluation.other_data {
        terminal::warn("these are not the samples of the training: the data has changed since");
    }
    let result = evaluation.to_json();
    match options.format {
        Format::Json => terminal::print(&format!("{result:#}")),
        Format::Text => terminal::print(&text::evaluation(&model.checkpoint().place, &result)),
    }
}
