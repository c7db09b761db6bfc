//! Max-pooling.

use candle_core::{D, Result, Tensor};

use super::window::patches;
use crate::kernels::window::Window;

/// The largest value of each window: `[batch, channels, height, width]` to `[batch, channels, rows,
/// columns]`. The first of several equal ones gets the whole gradient; NaN counts as largest.
///
/// # Errors
/// If the shapes do not fit.
pub fn max_pool2d(x: &Tensor, window: &Window) -> Result<Tensor> {
    reference(x, window)
}

/// [`max_pool2d`] in plain tensor operations, for every device and type.
///
/// # Errors
/// If the shapes do not fit.
pub fn reference(x: &Tensor, window: &Window) -> Result<Tensor> {
    let (batch, channels, _, _) = x.dims4()?;
    let ([height, width], [rows, columns]) = (window.kernel, window.output);
    // Padding repeats pixels of the same window, and so can neither win nor change who is first.
    let windows = patches(x, window)?.permute(vec![0, 1, 2, 4, 3, 5])?.reshape(vec![
        batch,
        channels,
        rows,
        columns,
        height * width,
    ])?;
    let values = windows.detach();
    let infinity = (values.ones_like()? * f64::INFINITY)?;
    let comparable = values.ne(&values)?.where_cond(&infinity, &values)?;
    let winners = comparable.argmax_keepdim(D::Minus1)?;
    windows.gather(&winners, D::Minus1)?.squeeze(D::Minus1)
}
