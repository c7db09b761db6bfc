//! Batch normalization (Ioffe and Szegedy, 2015): y = γ (x - μ) / √(σ² + ε) + β for each feature, or
//! for each channel of images.

use candle_core::{Result, Tensor, Var};

/// `parameters` are γ, β, running mean and running variance, all `[features]`.
///
/// With a `momentum`, mean and biased variance are those of the batch, and the running averages are
/// updated: running ← momentum · running + (1 - momentum) · batch. Without one, the running averages are
/// used.
///
/// # Errors
/// If candle returns an error.
pub fn batch_norm(x: &Tensor, parameters: &[Var], momentum: Option<f64>, epsilon: f64) -> Result<Tensor> {
    let [weight, bias, running_mean, running_var] = [0, 1, 2, 3].map(|i| &parameters[i]);
    let (batch, features) = (x.dim(0)?, x.dim(1)?);
    let pixels: usize = x.dims().iter().skip(2).product();
    let column = (1, features, 1);
    let values = x.reshape((batch, features, pixels))?;
    let (centered, variance) = if let Some(momentum) = momentum {
        // One dimension at a time: candle is slow at sums over several.
        let mean = values.mean_keepdim(2)?.mean_keepdim(0)?;
        let centered = values.broadcast_sub(&mean)?;
        let variance = centered.sqr()?.mean_keepdim(2)?.mean_keepdim(0)?;
        update_running(running_mean, &mean, momentum)?;
        update_running(running_var, &variance, momentum)?;
        (centered, variance)
    } else {
        let mean = running_mean.as_detached_tensor().reshape(column)?;
        let variance = running_var.as_detached_tensor().reshape(column)?;
        (values.broadcast_sub(&mean)?, variance)
    };
    let scale = weight.reshape(column)?.div(&(variance + epsilon)?.sqrt()?)?;
    let y = centered.broadcast_mul(&scale)?.broadcast_add(&bias.reshape(column)?)?;
    y.reshape(x.shape())
}

/// Updates a running average with the batch's value.
fn update_running(running: &Var, batch: &Tensor, momentum: f64) -> Result<()> {
    let batch = batch.detach().reshape(running.shape())?;
    running.set(&((running.as_detached_tensor() * momentum)? + (batch * (1.0 - momentum))?)?)
}
