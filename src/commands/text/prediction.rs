//! What is predicted, a line for each sample.

use std::path::Path;

use taper::run::Prediction;

/// How many classes a line names.
const TOP: usize = 3;

/// `FILE#INDEX`, or `FILE` if it is of one sample; the class and its probability, and those that come
/// next; or the numbers.
pub fn predictions(input: &Path, predictions: &[Prediction], classes: &[String]) -> Vec<String> {
    let lines = predictions.iter().enumerate().map(|(index, prediction)| {
        let number = if predictions.len() == 1 { String::new() } else { format!("#{index}") };
        format!("{}{number}  {}", input.display(), result(prediction, classes))
    });
    lines.collect()
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
