//! The rectified linear unit.

use candle_core::{DType, Result, Tensor, WithDType};

use super::cpu::{self, Values};
use super::record;
use taper_kernels::plain::{self, Real};

/// max(0, x), element-wise, with gradient 0 at 0. NaN stays NaN, so that the loss shows it.
///
/// # Errors
/// If candle returns an error.
pub fn relu(x: &Tensor) -> Result<Tensor> {
    match cpu::kernel_type(&[x]) {
        Some(DType::F64) => kernel::<f64>(x),
        Some(_) => kernel::<f32>(x),
        None => reference(x),
    }
}

fn kernel<T: Real + WithDType>(x: &Tensor) -> Result<Tensor> {
    let x = &x.contiguous()?;
    let output = plain::relu::forward::<T>(Values::of(x).slice()?);
    record("relu", [x], cpu::output(output, x.shape()), |[x], _, gradient| {
        let gradient = gradient.contiguous()?;
        let input = plain::relu::backward::<T>(Values::of(x).slice()?, Values::of(&gradient).slice()?);
        Ok([Some(cpu::like(input, x)?)])
    })
}

/// [`relu`] in plain tensor operations, for every device and type.
///
/// # Errors
/// If candle returns an error.
pub fn reference(x: &Tensor) -> Result<Tensor> {
    // Not Tensor::relu, whose gradient at 0 is 1. `<=` preserves NaN.
    let zeros = x.zeros_like()?;
    x.le(&zeros)?.where_cond(&zeros, x)
}
