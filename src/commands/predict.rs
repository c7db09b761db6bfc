//! `taper predict`: class probabilities or values for new inputs.

use std::io::Read as _;
use std::path::Path;

use serde::Serialize;
use taper::Error;
use taper::checkpoint::Checkpoint;
use taper::data::input::{Inputs, LONGEST_JSON, Reader};
use taper::engine::SharedTeam;
use taper::inference::{Prediction, predict};
use taper::run::{config_of, load_predictor};

use crate::cli::{Format, Predict};
use crate::terminal;

/// How many classes a line of text names.
const TOP: usize = 3;

/// All results, as JSON.
#[derive(Serialize)]
struct Output {
    checkpoint: String,
    predictions: Vec<Line>,
}

/// The result for one sample.
#[derive(Serialize)]
struct Line {
    input: String,
    index: usize,
    #[serde(flatten)]
    result: Result,
    logits: Vec<f32>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Result {
    Class { class: String, class_index: usize, probability: f32, probabilities: Vec<f32> },
    Values { values: Vec<f32> },
}

/// Predicts. Nothing is printed unless all inputs can be used.
///
/// # Errors
/// If the checkpoint or an input cannot be used.
pub fn run(options: &Predict) -> anyhow::Result<()> {
    let checkpoint = Checkpoint::open(&options.checkpoint, |error| {
        terminal::warn(&format!("skipped a checkpoint: {error}"));
    })?;
    let experiment = config_of(&checkpoint)?;
    let device = super::open_device(&options.machine)?;
    let team = SharedTeam::new(taper::threads::count());
    let mut predictor = load_predictor(&checkpoint, &experiment, &device, team)?;
    let card = &checkpoint.card;
    let reader = Reader::new(&card.sample_shape, card.pixels, &experiment.data);
    let mut lines = Vec::new();
    let mut text = Vec::new();
    for path in &options.input {
        let inputs = read(&reader, path)?;
        let scaling = card.scaling(&inputs.features);
        let loss = experiment.loss.member();
        let predictions = predict(predictor.as_mut(), loss, &inputs, &scaling)?;
        for (index, prediction) in predictions.into_iter().enumerate() {
            let line = Line::new(path, index, prediction, &card.classes);
            match options.format {
                Format::Json => lines.push(line),
                Format::Text => text.push(line.describe(inputs.count, &card.classes)),
            }
        }
    }
    match options.format {
        Format::Json => {
            let checkpoint = checkpoint.place.display().to_string();
            terminal::print(&serde_json::to_string(&Output { checkpoint, predictions: lines })?)
        }
        Format::Text => terminal::print(&text.join("\n")),
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

impl Line {
    fn new(path: &Path, index: usize, prediction: Prediction, classes: &[String]) -> Self {
        let class_index = prediction.class();
        let Prediction { logits, values } = prediction;
        let result = match (classes.get(class_index), values.get(class_index)) {
            (Some(class), Some(&probability)) => {
                Result::Class { class: class.clone(), class_index, probability, probabilities: values }
            }
            _ => Result::Values { values },
        };
        Self { input: path.display().to_string(), index, result, logits }
    }

    /// `FILE#INDEX`, the class and its probability, and those that come next.
    fn describe(&self, samples: usize, classes: &[String]) -> String {
        let number = if samples == 1 { String::new() } else { format!("#{}", self.index) };
        let result = match &self.result {
            Result::Class { class, class_index, probability, probabilities } => {
                let mut others: Vec<usize> = (0..probabilities.len()).filter(|i| i != class_index).collect();
                others.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
                let others = others.into_iter().take(TOP - 1);
                let next: Vec<String> =
                    others.map(|i| format!("{} {:.4}", classes[i], probabilities[i])).collect();
                format!("{class}  {probability:.4}  (then {})", next.join(", "))
            }
            Result::Values { values } => {
                values.iter().map(ToString::to_string).collect::<Vec<_>>().join("  ")
            }
        };
        format!("{}{number}  {result}", self.input)
    }
}
