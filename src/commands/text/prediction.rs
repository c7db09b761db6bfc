//! Predictions as text, one line per sample.

use std::path::Path;

use taper::run::{Prediction, Threshold};

/// The number of classes on a line.
const TOP: usize = 3;

/// The input file of the predictions, and how to show them.
pub struct PredictedFile<'a> {
    /// The input file.
    pub input: &'a Path,
    /// The number of samples in it.
    pub count: usize,
    /// The values of the id columns of each sample; may be empty.
    pub ids: &'a [Vec<String>],
    /// The class names; empty for regression.
    pub classes: &'a [String],
    /// The threshold between two classes.
    pub threshold: Option<Threshold>,
}

/// One line per sample, starting with index `first`: `FILE#INDEX`, or `FILE` if it holds one sample, and the sample's
/// ids; then the most probable class with its probability and the next ones, or the predicted numbers.
pub fn predictions(file: &PredictedFile<'_>, first: usize, predictions: &[Prediction]) -> String {
    let PredictedFile { input, ids, .. } = file;
    let mut lines = Vec::new();
    for (index, prediction) in (first..).zip(predictions) {
        let number = if file.count == 1 { String::new() } else { format!("#{index}") };
        let ids = ids.get(index).map(|ids| format!("  {}", ids.join("  "))).unwrap_or_default();
        lines.push(format!("{}{number}{ids}  {}\n", input.display(), result(prediction, file)));
    }
    lines.concat()
}

fn result(prediction: &Prediction, file: &PredictedFile<'_>) -> String {
    let named = |class: usize| Some((file.classes.get(class)?, prediction.values.get(class)?));
    let mut top = prediction.top(TOP);
    if let Some(threshold) = file.threshold {
        let chosen = threshold.class(prediction);
        top.sort_by_key(|class| *class != chosen);
    }
    let mut top = top.into_iter().filter_map(named);
    match top.next() {
        Some((class, probability)) => {
            let next: Vec<String> = top.map(|(class, value)| format!("{class} {value:.4}")).collect();
            format!("{class}  {probability:.4}  (then {})", next.join(", "))
        }
        None => prediction.values.iter().map(ToString::to_string).collect::<Vec<_>>().join("  "),
    }
}
