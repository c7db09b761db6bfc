//! Kernels that compute several operations in one pass over memory, in `f32`, in their own layouts.
//!
//! Those of dense layers and convolutions are written in [`lanes`](crate::simd::lanes) and have a
//! memory layout to suit; the others walk over the [`Grid`] that lies before or behind these.

pub mod batch_norm;
pub mod channels_last;
pub mod elementwise;
pub mod fully_connected;
mod grid;
pub mod layer_norm;
pub mod load;
pub mod mask;
pub mod pooling;
pub mod sum;

pub use grid::Grid;

/// The most parts that sums over a batch are made of: a fixed number, so that they do not depend on
/// the threads.
const PARTS: usize = 32;

/// The samples of part `part` of `parts`.
fn samples_of(part: usize, parts: usize, samples: usize) -> std::ops::Range<usize> {
    part * samples / parts..(part + 1) * samples / parts
}
