//! Results as text for people: tables and lines. What is computed and what is printed stands elsewhere.

mod bench;
mod check;
mod evaluation;
mod number;
mod outcome;
mod prediction;
mod progress;

pub use bench::{bench, noise};
pub use check::check;
pub use evaluation::evaluation;
pub use outcome::{finished, outcome};
pub use prediction::predictions;
pub use progress::{epoch, start};
