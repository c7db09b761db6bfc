//! Max-pooling.

use candle_core::{D, DType, Result, Tensor, WithDType};

use super::cpu::{self, Values};
use super::record;
use super::window::{output_shape, patches};
use taper_kernels::plain::{self, Real};
use taper_kernels::window::Window;

/// The largest value of each window: `[batch, channels, height, width]` to `[batch, channels, rows,
/// columns]`. Among equal values the first gets the whole gradient. NaN is larger than all numbers, and the
/// last NaN gets the gradient, as in PyTorch.
///
/// # Errors
/// If the shapes do not match.
pub fn max_pool2d(x: &Tensor, window: &Window) -> Result<Tensor> {
    let countable = u32::try_from(window.pixels()).is_ok();
    match cpu::kernel_type(&[x]).filter(|_| countable) {
        Some(DType::F64) => kernel::<f64>(x, window),
        Some(_) => kernel::<f32>(x, window),
        None => reference(x, window),
    }
}

fn kernel<T: Real + WithDType>(x: &Tensor, window: &Window) -> Result<Tensor> {
    let (shape, window) = (output_shape(x, window)?, *window);
    let x = &x.contiguous()?;
    let (output, argmax) = plain::max_pool2d::forward::<T>(Values::of(x).slice()?, &window);
    record("max_pool2d", [x], cpu::output(output, shape), move |[x], _, gradient| {
        let gradient = gradient.contiguous()?;
        let input = plain::max_pool2d::backward::<T>(Values::of(&gradient).slice()?, &argmax, &window);
        Ok([Some(cpu::like(input, x)?)])
    })
}

/// [`max_pool2d`] in plain tensor operations, for every device and type.
///
/// # Errors
/// If the shapes do not match.
pub fn reference(x: &Tensor, window: &Window) -> Result<Tensor> {
    let (batch, channels, _, _) = x.dims4()?;
    let ([height, width], [rows, columns]) = (window.kernel, window.output);
    // Padding repeats pixels of the same window, so it can neither be chosen nor change which value is
    // first.
    let windows = patches(x, window)?.permute(vec![0, 1, 2, 4, 3, 5])?.reshape(vec![
        batch,
        channels,
        rows,
        columns,
        height * width,
    ])?;
    let values = windows.detach();
    let is_nan = values.ne(&values)?;
    let largest = is_nan.where_cond(&values.zeros_like()?, &values)?.argmax_keepdim(D::Minus1)?;
    // Indices, counted from 1, where there is NaN, 0 elsewhere: the largest belongs to the last NaN.
    let places = Tensor::arange(1_f32, (height * width + 1) as f32, x.device())?;
    let last = is_nan.to_dtype(DType::F32)?.broadcast_mul(&places)?.max_keepdim(D::Minus1)?;
    let of_nan = (&last - 1.0)?.maximum(0_f32)?.to_dtype(DType::U32)?;
    let argmax = last.gt(0_f32)?.where_cond(&of_nan, &largest)?;
    windows.gather(&argmax, D::Minus1)?.squeeze(D::Minus1)
}
