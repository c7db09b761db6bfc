//! Layer normalization (Ba, Kiros and Hinton, 2016): y = γ (x - μ) / √(σ² + ε) + β with mean and
//! (biased) variance over all values of one sample.

use candle_core::{Result, Tensor};

/// `weight` and `bias` have the shape of a sample.
///
/// # Errors
/// If candle returns an error.
pub fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, epsilon: f64) -> Result<Tensor> {
    // In separate operations, because candle's fused one records no gradient.
    let values = x.flatten_from(1)?; // [batch, values]
    let centered = values.broadcast_sub(&values.mean_keepdim(1)?)?;
    let variance = centered.sqr()?.mean_keepdim(1)?;
    let normal = centered.broadcast_div(&(variance + epsilon)?.sqrt()?)?;
    let y = normal.broadcast_mul(&weight.flatten_all()?)?.broadcast_add(&bias.flatten_all()?)?;
    y.reshape(x.shape())
}
