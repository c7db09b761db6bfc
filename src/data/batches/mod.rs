//! The way of samples into batches.

mod batch;
mod prepared;
mod scaling;

pub use batch::{Batch, BatchTargets, Loader, Samples};
pub use prepared::Prepared;
pub use scaling::Scaling;
