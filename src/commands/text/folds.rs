//! The results of cross-validation: a row for each fold, and the mean.

use std::path::Path;

use taper::run::{Folds, Spread};

/// The metrics that are shown; `folds.json` has all.
const SHOWN: [&str; 4] = ["loss", "accuracy", "rmse", "r2"];

/// A table of the losses and the main metrics on validation and test samples.
pub fn folds(folds: &Folds, folder: &Path) -> String {
    let is_shown = |spread: &&Spread| {
        let name = spread.metric.split_once('.');
        name.is_some_and(|(split, metric)| split != "train" && SHOWN.contains(&metric))
    };
    let shown: Vec<&Spread> = folds.metrics.iter().filter(is_shown).collect();
    let row = |first: String, cells: Vec<String>| {
        let cells = shown.iter().zip(cells).map(|(spread, cell)| {
            let width = spread.metric.len().max("0.0000 ± 0.0000".chars().count());
            format!("  {cell:<width$}")
        });
        (format!("{first:<6}") + &cells.collect::<String>()).trim_end().to_owned()
    };
    let mut lines = vec![row("fold".to_owned(), shown.iter().map(|spread| spread.metric.clone()).collect())];
    for i in 0..folds.runs.len() {
        let cells = shown.iter().map(|spread| format!("{:.4}", spread.values[i]));
        lines.push(row(format!("{}/{}", i + 1, folds.runs.len()), cells.collect()));
    }
    let means = shown.iter().map(|spread| format!("{:.4} ± {:.4}", spread.mean, spread.std));
    lines.push(row("mean".to_owned(), means.collect()));
    lines.push(format!("saved  {}", folder.join(Folds::FILE).display()));
    lines.join("\n")
}
