//! Two-dimensional convolution.

use candle_core::{Result, Tensor};

use super::window::patches;
use crate::kernels::window::Window;

/// Images `x` `[batch, channels, height, width]` with `weight` `[filters, channels, kernel height,
/// kernel width]` and `bias` `[filters]` give `[batch, filters, rows, columns]`.
///
/// # Errors
/// If the shapes do not fit.
pub fn conv2d(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, window: &Window) -> Result<Tensor> {
    reference(x, weight, bias, window)
}

/// [`conv2d`] in plain tensor operations, for every device and type.
///
/// # Errors
/// If the shapes do not fit.
pub fn reference(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, window: &Window) -> Result<Tensor> {
    let (batch, channels, _, _) = x.dims4()?;
    let (filters, ..) = weight.dims4()?;
    let ([height, width], [rows, columns]) = (window.kernel, window.output);
    let padded = x.pad_with_zeros(2, window.before[0], window.after(0))?.pad_with_zeros(
        3,
        window.before[1],
        window.after(1),
    )?;
    let inside = Window { input: [padded.dim(2)?, padded.dim(3)?], before: [0, 0], ..*window };
    let inputs = patches(&padded, &inside)?
        .permute(vec![0, 2, 4, 1, 3, 5])?
        .reshape((batch * rows * columns, channels * height * width))?;
    let mut y = inputs.matmul(&weight.flatten_from(1)?.t()?)?; // [windows, filters]
    if let Some(bias) = bias {
        y = y.broadcast_add(bias)?;
    }
    y.reshape((batch, rows, columns, filters))?.permute((0, 3, 1, 2))?.contiguous()
}
