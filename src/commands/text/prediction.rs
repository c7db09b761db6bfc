//! What is predicted, a line for each sample.

use std::path::Path;

use taper::run::Prediction;

/// How many classes a line names.
const TOP: usize = 3;

/// A line for each sample: `FILE#INDEX`, or `FILE` if it is of one sample, and the `ids` that say which it is;
/// the class and its probability, and those that come next; or the numbers.
pub fn predictions(
    input: &Path,
    predictions: &[Prediction],
    classes: &[String],
    ids: &[Vec<String>],
) -> String {
    let mut lines = Vec::new();
    for (index, prediction) in predictions.iter().enumerate() {
        let number = if predictions.len() == 1 { String::new() } else { format!("#{index}") };
        let ids = ids.get(index).map(|ids| format!("  {}", ids.join("  "))).unwrap_or_default();
        lines.push(format!("{}{number}{ids}  {}\n", input.display(), result(prediction, classes)));
    }
    lines.concat()
}

fn result(prediction: &Prediction, classes: &[String]) -> String {
    let named = |class: usize| Some((classes.get(class)?, prediction.values.get(class)?));
    let mut top = prediction.top(TOP).into_iter().filter_map(named);
    match top.next() {
        Some((class, probability)) => {
            let next: Vec<String> = top.map(|(class, value)| format!("{class} {value:.4}")).collect();
            format!("{class}  {probability:.4}  (then {})", next.join(", "))
        }
        None => prediction.values.iter().map(ToString::to_string).collect::<Vec<_>>().join("  "),
    }
}
