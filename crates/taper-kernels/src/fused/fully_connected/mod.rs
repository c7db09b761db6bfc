//! Dense layers on plain values, with weights in PyTorch's order `[units, inputs]`, in place.
//!
//! The values of a batch are rows whose starts are a multiple of sixteen values apart, padded with zeros,
//! and the number of rows is a multiple of eight. The backward products have inputs in their lanes. The forward product has units
//! in its lanes, so that inputs that are zero can be left out; for it, weights are copied so that units lie next to each other:
//! in training by each thread, a share that stays in its cache at a time, for predictions once.

#![allow(
    clippy::needless_range_loop,
    reason = "kernels have index loops over tiles, which the compiler unrolls; see `array!`"
)]

mod backward;
pub mod chain;
mod delta;
mod forward;
mod panels;
mod prepared;
#[cfg(test)]
mod tests;

pub use backward::{Backward, COLUMNS, Lists};
pub use delta::Delta;
pub use forward::{Forward, ForwardWeights, ONE_SHARE, Scratch};
pub use prepared::Prepared;

use crate::simd::lanes::WIDTH;

/// Rows are processed in groups of this size.
pub const ROWS: usize = 8;

/// The length of one row in memory: `values` rounded up to whole vectors.
#[must_use]
pub fn stride(values: usize) -> usize {
    whole(values, WIDTH)
}

/// The number of rows in memory: `samples` rounded up to whole groups.
#[must_use]
pub fn rows(samples: usize) -> usize {
    whole(samples, ROWS)
}

/// `count` rounded up to a multiple of `group`. On overflow returns a number that no slice reaches, so that
/// every check of a slice against it fails.
fn whole(count: usize, group: usize) -> usize {
    count.checked_next_multiple_of(group).unwrap_or(usize::MAX)
}
