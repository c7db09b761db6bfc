//! Batches of samples.

mod batch;
mod prepared;
mod scaling;

pub use batch::{Batch, BatchTargets, Loader, Samples};
pub use prepared::Prepared;
pub use scaling::Scaling;
