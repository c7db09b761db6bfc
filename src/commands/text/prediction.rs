//! What is predicted, a line for each sample.

use std::path::Path;

use taper::run::{Prediction, Threshold};

/// How many classes a line names.
const TOP: usize = 3;

/// What lines of predictions are about.
pub struct Source<'a> {
    /// The file.
    pub input: &'a Path,
    /// How many samples it holds.
    pub count: usize,
    /// The texts that say which sample is which; may be none.
    pub ids: &'a [Vec<String>],
    /// The names of the classes; none where numbers are predicted.
    pub classes: &'a [String],
    /// What decides between two classes.
    pub threshold: Option<Threshold>,
}

/// A line for each sample from `first` on: `FILE#INDEX`, or `FILE` if it is of one sample, and its ids; the class
/// and its probability, and those that come next; or the numbers.
pub fn predictions(source: &Source<'_>, first: usize, predictions: &[Prediction]) -> String {
    let Source { input, ids, .. } = source;
    let mut lines = Vec::new();
    for (index, prediction) in (first..).zip(predictions) {
        let number = if source.count == 1 { String::new() } else { format!("#{index}") };
        let ids = ids.get(index).map(|ids| format!("  {}", ids.join("  "))).unwrap_or_default();
        lines.push(format!("{}{number}{ids}  {}\n", input.display(), result(prediction, source)));
    }
    lines.concat()
}

fn result(prediction: &Prediction, source: &Source<'_>) -> String {
    let named = |class: usize| Some((source.classes.get(class)?, prediction.values.get(class)?));
    let mut top = prediction.top(TOP);
    if let Some(threshold) = source.threshold {
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
