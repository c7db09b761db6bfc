//! The rectified linear unit.

use candle_core::{Result, Tensor};

/// max(0, x) for each value, with gradient 0 at 0. NaN stays NaN, so that the loss shows it.
///
/// # Errors
/// If the tensor library refuses.
pub fn relu(x: &Tensor) -> Result<Tensor> {
    reference(x)
}

/// [`relu`] in plain tensor operations, for every device and type.
///
/// # Errors
/// If the tensor library refuses.
pub fn reference(x: &Tensor) -> Result<Tensor> {
    // Not Tensor::relu, whose gradient at 0 is 1. `<=` lets NaN through.
    let zeros = x.zeros_like()?;
    x.le(&zeros)?.where_cond(&zeros, x)
}
