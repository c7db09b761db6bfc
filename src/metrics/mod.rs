//! How good predictions are, counted batch by batch.
//!
//! Every accumulator sums over samples, not over batches, can be merged with one of other samples,
//! and serialises without loss, so that a run that stops within an epoch continues with it.

pub mod classification;
pub mod regression;

pub use classification::{ClassScores, Classification, Confusion};
pub use regression::{Errors, Regression};
