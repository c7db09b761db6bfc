//! File formats of samples, each read strictly and within limits.

pub mod array;
pub(super) mod csv;
pub(crate) mod foreign;
pub mod idx;
pub mod image;
pub mod npy;

pub(super) mod json;
pub(super) mod npz;
pub(super) mod positioned;

mod numbers;

pub use numbers::Numbers;
