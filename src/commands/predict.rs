//! `taper predict`: class probabilities or values for new inputs.

use std::ops::ControlFlow;
use std::path::Path;

use taper::Model;
use taper::run::{Threshold, config_of};

use super::text::{self, PredictedFile};
use super::{inputs, machine, source};
use crate::cli::{Common, Predict, RowFormat};
use crate::rows::{Destination, Rows};

/// Runs the command, one batch of one input at a time, and writes each batch as soon as it is computed. Only a JSON
/// document is held back until it is complete, up to 16 MiB. Stops early if the reader closes stdout.
///
/// # Errors
/// If the checkpoint or an input cannot be used.
pub fn run(options: &Predict, common: &Common) -> anyhow::Result<()> {
    let (checkpoint, places) = options.paths()?;
    let checkpoint = source::checkpoint(checkpoint)?;
    let experiment = config_of(&checkpoint)?;
    let device = machine::open(&options.machine)?;
    let mut model = Model::with_config(checkpoint, experiment, &device)?;
    if let Some(views) = options.tta {
        model = model.with_views(views)?;
    }
    let classes = model.classes().to_vec();
    let threshold = options.threshold.map(|value| Threshold::new(value, classes.len())).transpose()?;
    let files = inputs::find(&model, &places, &options.machine.data)?;
    let mut file_done = inputs::watch(&mut model, &files, common)?;
    let mut to = Destination::open(options.output.as_deref(), options.format())?;
    let mut rows = Rows::new(options.format(), &options.ids, &classes, threshold);
    let mut written = to.write(&rows.begin(&model.checkpoint().place.display().to_string())?)?;
    for path in &files {
        written = match written {
            ControlFlow::Continue(()) => predict(&mut model, path, options, (&mut rows, threshold), &mut to)?,
            ControlFlow::Break(()) => return Ok(()),
        };
        file_done();
    }
    if written.is_continue() && to.write(rows.end())?.is_continue() {
        to.finish()?;
    }
    Ok(())
}

/// Predicts for one file; breaks if the reader has closed stdout.
fn predict(
    model: &mut Model,
    path: &Path,
    options: &Predict,
    (rows, threshold): (&mut Rows<'_>, Option<Threshold>),
    to: &mut Destination,
) -> anyhow::Result<ControlFlow<()>> {
    let inputs = inputs::read(&model.reader(), path)?;
    let ids = match options.ids.as_slice() {
        [] => Vec::new(),
        names => model.reader().ids(path, names)?,
    };
    let (name, classes) = (path.display().to_string(), model.classes().to_vec());
    let file = PredictedFile { input: path, count: inputs.count, ids: &ids, classes: &classes, threshold };
    let mut first = 0;
    for batch in model.predict_batches(&inputs) {
        let batch = batch?;
        let count = batch.len();
        let written = to.write(&match options.format() {
            RowFormat::Text => text::predictions(&file, first, &batch),
            _ => rows.of(&name, first, batch, &ids)?,
        })?;
        if written.is_break() {
            return Ok(written);
        }
        first += count;
    }
    Ok(ControlFlow::Continue(()))
}
