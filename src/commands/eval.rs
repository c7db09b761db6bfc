//! `taper eval`: a checkpoint's loss and metrics on a split of its data.

use std::time::Instant;

use serde_json::{Value, json};
use taper::Error;
use taper::checkpoint::Checkpoint;
use taper::data::{Dataset, Prepared};
use taper::engine::SharedTeam;
use taper::inference::{Split, evaluate};
use taper::interrupt::Interrupt;
use taper::metrics::Running;
use taper::run::{config_folder, config_of, first_change, load_predictor};

use super::source;
use crate::cli::{Eval, Format, SplitName};
use crate::terminal;

/// Evaluates.
///
/// # Errors
/// If the checkpoint or the data cannot be used.
pub fn run(options: &Eval) -> anyhow::Result<()> {
    let checkpoint = Checkpoint::open(&options.checkpoint, |error| {
        terminal::warn(&format!("skipped a checkpoint: {error}"));
    })?;
    let experiment = source::override_values(&checkpoint, &options.overrides)?;
    let trained = config_of(&checkpoint)?;
    if let Some(change) = first_change(&trained, &experiment) {
        // Another seed or share would mix training samples into the validation split.
        let message = format!("{change}; eval measures what was trained, so --set cannot change it");
        return Err(Error::Usage(message).into());
    }
    let device = super::open_device(&options.machine)?;
    let team = SharedTeam::new(taper::threads::count());
    let mut predictor = load_predictor(&checkpoint, &experiment, &device, team)?;
    let search = super::search_path(&options.machine.data, config_folder(&checkpoint));
    let splits = experiment.data.load(&experiment.split, &search, experiment.seed)?;
    if !checkpoint.card.fits(&splits.train) {
        let message = "its samples or classes are not those that the checkpoint was trained for";
        return Err(Error::data(experiment.data.name(), message).into());
    }
    let scaling = checkpoint.card.scaling(&splits.train.features);
    let data = Prepared::new(splits, &experiment.split, &Default::default(), experiment.seed)?;
    let (name, dataset, order) = choose(options.split, &data)?;
    let start = Instant::now();
    let split = Split { dataset, order: &order };
    let running =
        evaluate(predictor.as_mut(), experiment.loss.member(), split, &scaling, &Interrupt::default())?
            .ok_or(Error::Interrupted(2))?;
    let result = report(name, &running, &checkpoint.card.classes, start.elapsed().as_secs_f64());
    match options.format {
        Format::Json => terminal::print(&format!("{result:#}")),
        Format::Text => terminal::print(&describe(&result, &checkpoint)),
    }
}

/// The samples that `split` names, or the first kind that there is.
fn choose(split: Option<SplitName>, data: &Prepared) -> anyhow::Result<(&'static str, &Dataset, Vec<usize>)> {
    let validation = !data.validation_order.is_empty();
    let split = split.unwrap_or(match &data.test {
        Some(_) => SplitName::Test,
        None if validation => SplitName::Validation,
        None => SplitName::Train,
    });
    match (split, &data.test) {
        (SplitName::Train, _) => Ok(("train", &data.train, data.train_order.clone())),
        (SplitName::Validation, _) if validation => {
            Ok(("validation", data.validated(), data.validation_order.clone()))
        }
        (SplitName::Validation, _) => Err(Error::Usage(
            "--split validation: this run set no samples aside (`split.validation`)".to_owned(),
        )
        .into()),
        (SplitName::Test, Some(test)) => Ok(("test", test, (0..test.len()).collect())),
        (SplitName::Test, None) => Err(Error::Usage(
            "--split test: this data set has no test samples; use --split validation or train".to_owned(),
        )
        .into()),
    }
}

fn report(split: &str, running: &Running, classes: &[String], seconds: f64) -> Value {
    let mut result = json!({ "split": split, "samples": running.samples(), "loss": running.loss() });
    if let (Value::Object(to), Value::Object(from)) = (&mut result, running.report(classes)) {
        to.extend(from);
        to.insert("seconds".to_owned(), json!(seconds));
    }
    result
}

fn describe(result: &Value, checkpoint: &Checkpoint) -> String {
    let mut lines = vec![format!("checkpoint  {}", checkpoint.place.display())];
    for (name, value) in result.as_object().into_iter().flatten() {
        match value {
            Value::Number(number) if number.is_f64() => {
                lines.push(format!("{name:<11} {:.4}", number.as_f64().unwrap_or(f64::NAN)));
            }
            Value::Number(_) => lines.push(format!("{name:<11} {value}")),
            Value::String(text) => lines.push(format!("{name:<11} {text}")),
            _ => {}
        }
    }
    lines.extend(class_table(result));
    lines.join("\n")
}

/// Precision, recall, F1 and support of each class, as a table.
fn class_table(result: &Value) -> Vec<String> {
    let Some(classes) = result["per_class"].as_array() else { return Vec::new() };
    let header = format!("\n{:<20} {:>9} {:>9} {:>9} {:>9}", "class", "precision", "recall", "f1", "support");
    let rows = classes.iter().map(|class| {
        let number = |key: &str| class[key].as_f64().unwrap_or(f64::NAN);
        format!(
            "{:<20} {:>9.4} {:>9.4} {:>9.4} {:>9}",
            class["class"].as_str().unwrap_or_default(),
            number("precision"),
            number("recall"),
            number("f1"),
            class["support"].as_u64().unwrap_or_default(),
        )
    });
    std::iter::once(header).chain(rows).collect()
}
