//! Kernels that compute several operations in one pass over memory, in `f32`, in their own layouts.
//!
//! The kernels of dense layers and convolutions are written in [`lanes`](crate::simd::lanes) and choose
//! their memory layouts accordingly; the others iterate over the [`Grid`] of their neighbors.

pub mod batch_norm;
pub mod channels_last;
pub mod elementwise;
pub mod fully_connected;
mod grid;
pub mod layer_norm;
pub mod load;
pub mod mask;
mod pixelwise;
pub mod pooling;
pub mod sum;

pub use grid::Grid;

/// The maximum number of partial sums over a batch: fixed, so that results do not depend on the number of
/// threads.
const PARTS: usize = 32;

/// The samples of part `part` out of `parts`.
fn samples_of(part: usize, parts: usize, samples: usize) -> std::ops::Range<usize> {
    part * samples / parts..(part + 1) * samples / parts
}
