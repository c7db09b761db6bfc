//! The product of a fully connected layer: y = x Wᵀ + b.

use candle_core::{DType, Result, Tensor, WithDType};

use super::cpu::{self, Values};
use super::record;
use taper_kernels::plain::Real;
use taper_kernels::plain::dense::{Shape, bias_gradient, forward, input_gradient, weight_gradient};

/// Multiplies samples `x` `[batch, features]` by `weight` `[units, features]` and adds `bias` `[units]`:
/// `[batch, units]`.
///
/// # Errors
/// If the shapes do not match.
pub fn dense(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let tensors = [Some(x), Some(weight), bias];
    match cpu::kernel_type(&tensors.into_iter().flatten().collect::<Vec<_>>()) {
        Some(DType::F64) => kernel::<f64>(x, weight, bias),
        Some(_) => kernel::<f32>(x, weight, bias),
        None => reference(x, weight, bias),
    }
}

fn kernel<T: Real + WithDType>(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let ((batch, features), (units, expected)) = (x.dims2()?, weight.dims2()?);
    if units == 0 || features != expected || bias.is_some_and(|bias| bias.dims() != [units]) {
        candle_core::bail!("dense: inputs {:?} do not match weights {:?}", x.dims(), weight.dims());
    }
    let shape = Shape { batch, features, units };
    let (x, weight) = (&x.contiguous()?, &weight.contiguous()?);
    let bias = bias.map(Tensor::contiguous).transpose()?;
    let output = {
        let (x, weight, bias) = (Values::of(x), Values::of(weight), bias.as_ref().map(Values::of));
        let bias = bias.as_ref().map(Values::slice::<T>).transpose()?;
        cpu::output(forward::<T>(x.slice()?, weight.slice()?, bias, shape), (batch, units))
    };
    match &bias {
        Some(bias) => record("dense", [x, weight, bias], output, move |[x, weight, bias], _, gradient| {
            let (dx, dw, db) = gradients::<T>(x, weight, gradient, shape)?;
            Ok([dx, dw, Some(cpu::like(db, bias)?)])
        }),
        None => record("dense", [x, weight], output, move |[x, weight], _, gradient| {
            let (dx, dw, _) = gradients::<T>(x, weight, gradient, shape)?;
            Ok([dx, dw])
        }),
    }
}

/// The gradients of the input (if needed), the weights and the bias.
fn gradients<T: Real + WithDType>(
    x: &Tensor,
    weight: &Tensor,
    gradient: &Tensor,
    shape: Shape,
) -> Result<(Option<Tensor>, Option<Tensor>, Vec<T>)> {
    let gradient = gradient.contiguous()?;
    let gradient = Values::of(&gradient);
    let gradient: &[T] = gradient.slice()?;
    // An input that candle does not track, such as a batch of samples, needs no gradient.
    let dx = if x.track_op() {
        Some(cpu::like(input_gradient(Values::of(weight).slice()?, gradient, shape), x)?)
    } else {
        None
    };
    let dw = cpu::like(weight_gradient(Values::of(x).slice()?, gradient, shape), weight)?;
    Ok((dx, Some(dw), bias_gradient(gradient, shape)))
}

/// [`dense`] in plain tensor operations, for every device and type.
///
/// # Errors
/// If the shapes do not match.
pub fn reference(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let y = x.matmul(&weight.t()?)?;
    match bias {
        Some(bias) => y.broadcast_add(bias),
        None => Ok(y),
    }
}
