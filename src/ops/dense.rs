//! The product of a fully connected layer: y = x Wᵀ + b.

use candle_core::{Result, Tensor};

/// Samples `x` `[batch, features]` with `weight` `[units, features]` and `bias` `[units]` give
/// `[batch, units]`.
///
/// # Errors
/// If the shapes do not fit.
pub fn dense(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    reference(x, weight, bias)
}

/// [`dense`] in plain tensor operations, for every device and type.
///
/// # Errors
/// If the shapes do not fit.
pub fn reference(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let y = x.matmul(&weight.t()?)?;
    match bias {
        Some(bias) => y.broadcast_add(bias),
        None => Ok(y),
    }
}
