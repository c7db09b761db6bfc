//! Two-dimensional convolution.

use candle_core::{DType, Result, Tensor, WithDType};

use super::cpu::{self, Values};
use super::record;
use super::window::{output_shape, patches};
use taper_kernels::plain::Real;
use taper_kernels::plain::conv2d::{Shape, forward, input_gradient, weight_gradient};
use taper_kernels::window::Window;

/// Convolves images `x` `[batch, channels, height, width]` with `weight` `[filters, channels, kernel
/// height, kernel width]` and `bias` `[filters]` into `[batch, filters, rows, columns]`.
///
/// # Errors
/// If the shapes do not match.
pub fn conv2d(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, window: &Window) -> Result<Tensor> {
    let tensors = [Some(x), Some(weight), bias];
    match cpu::kernel_type(&tensors.into_iter().flatten().collect::<Vec<_>>()) {
        Some(DType::F64) => kernel::<f64>(x, weight, bias, window),
        Some(_) => kernel::<f32>(x, weight, bias, window),
        None => reference(x, weight, bias, window),
    }
}

fn kernel<T: Real + WithDType>(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    window: &Window,
) -> Result<Tensor> {
    let (batch, channels, rows, columns) = output_shape(x, window)?;
    let filters = weight.dim(0)?;
    let [height, width] = window.kernel;
    if filters == 0
        || weight.dims() != [filters, channels, height, width]
        || bias.is_some_and(|bias| bias.dims() != [filters])
    {
        candle_core::bail!("conv2d: images {:?} do not match weights {:?}", x.dims(), weight.dims());
    }
    let shape = Shape { channels, filters, window: *window };
    let (x, weight) = (&x.contiguous()?, &weight.contiguous()?);
    let bias = bias.map(Tensor::contiguous).transpose()?;
    let output = {
        let (x, weight, bias) = (Values::of(x), Values::of(weight), bias.as_ref().map(Values::of));
        let bias = bias.as_ref().map(Values::slice::<T>).transpose()?;
        let output = forward::<T>(x.slice()?, weight.slice()?, bias, &shape);
        cpu::output(output, (batch, filters, rows, columns))
    };
    match &bias {
        Some(bias) => record("conv2d", [x, weight, bias], output, move |[x, weight, bias], _, gradient| {
            let (dx, dw, db) = gradients::<T>(x, weight, gradient, &shape)?;
            Ok([dx, dw, Some(cpu::like(db, bias)?)])
        }),
        None => record("conv2d", [x, weight], output, move |[x, weight], _, gradient| {
            let (dx, dw, _) = gradients::<T>(x, weight, gradient, &shape)?;
            Ok([dx, dw])
        }),
    }
}

/// The gradients of the input (if needed), the weights and the bias.
fn gradients<T: Real + WithDType>(
    x: &Tensor,
    weight: &Tensor,
    gradient: &Tensor,
    shape: &Shape,
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
    let (dw, db) = weight_gradient(Values::of(x).slice()?, gradient, shape);
    Ok((dx, Some(cpu::like(dw, weight)?), db))
}

/// [`conv2d`] in plain tensor operations, for every device and type.
///
/// # Errors
/// If the shapes do not match.
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
