//! `taper predict`: class probabilities or values for new inputs.

use std::io::Read as _;
use std::path::Path;

use serde::Serialize;
use taper::data::Loading;
use taper::data::input::{Inputs, LONGEST_JSON, Reader};
use taper::run::{Row, config_of};
use taper::{Error, Model};

use super::{machine, signals, source, text};
use crate::cli::{Format, Predict};
use crate::terminal;

/// All results, as JSON.
#[derive(Serialize)]
struct Output {
    checkpoint: String,
    predictions: Vec<Row>,
}

/// Predicts. Nothing is printed unless all inputs can be used.
///
/// # Errors
/// If the checkpoint or an input cannot be used.
pub fn run(options: &Predict) -> anyhow::Result<()> {
    let (checkpoint, inputs) = options.paths()?;
    let checkpoint = source::checkpoint(checkpoint)?;
    let experiment = config_of(&checkpoint)?;
    let device = machine::open(&options.machine)?;
    let mut model = Model::with_config(checkpoint, experiment, &device)?;
    // Waiting for standard input, only the system's own way ends the process at once.
    if !inputs.iter().any(|path| path.as_os_str() == "-") {
        model.load_under(Loading::new(signals::catch()?));
    }
    let mut rows = Vec::new();
    let mut lines = Vec::new();
    for path in inputs {
        let inputs = read(&model.reader(), path)?;
        let predictions = model.predict(&inputs)?;
        match options.format {
            Format::Json => {
                rows.extend(Row::all(&path.display().to_string(), predictions, model.classes()));
            }
            Format::Text => lines.extend(text::predictions(path, &predictions, model.classes())),
        }
    }
    match options.format {
        Format::Json => {
            let checkpoint = model.checkpoint().place.display().to_string();
            terminal::print(&serde_json::to_string(&Output { checkpoint, predictions: rows })?)
        }
        Format::Text => terminal::print(&lines.join("\n")),
    }
}

fn read(reader: &Reader<'_>, path: &Path) -> anyhow::Result<Inputs> {
    if path != Path::new("-") {
        return Ok(reader.read(path)?);
    }
    let place = Path::new("standard input");
    let mut content = Vec::new();
    std::io::stdin()
        .lock()
        .take(LONGEST_JSON + 1)
        .read_to_end(&mut content)
        .map_err(|error| Error::data(place, format!("cannot be read: {error}")))?;
    if content.len() as u64 > LONGEST_JSON {
        return Err(Error::data(place, format!("more than {LONGEST_JSON} bytes; split it")).into());
    }
    Ok(reader.json(place, &content)?)
}
