//! Results as text for people: tables and lines. Nothing is computed or printed here.

mod bench;
mod check;
mod classes;
mod confusion;
mod errors;
mod evaluation;
mod folds;
mod gates;
mod json;
mod outcome;
mod prediction;
mod rates;
mod stopped;

pub use bench::{bench, noise};
pub use check::check;
pub use errors::mistakes;
pub use evaluation::evaluation;
pub use folds::folds;
pub use json::json;
pub use outcome::{finished, outcome};
pub use prediction::{PredictedFile, predictions};

/// A name from a file with its control characters escaped.
fn plain(name: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_default().collect() } else { c.to_string() };
    name.chars().map(shown).collect()
}
