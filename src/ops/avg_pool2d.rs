//! Average-pooling.

use candle_core::{DType, Result, Tensor, WithDType};

use super::cpu::{self, Values};
use super::record;
use super::window::{output_shape, patches};
use taper_kernels::plain::{self, Real};
use taper_kernels::window::Window;

/// The mean of each window over the pixels inside the image: `[batch, channels, height, width]` to `[batch,
/// channels, rows, columns]`.
///
/// # Errors
/// If the shapes do not match.
pub fn avg_pool2d(x: &Tensor, window: &Window) -> Result<Tensor> {
    match cpu::kernel_type(&[x]) {
        Some(DType::F64) => kernel::<f64>(x, window),
        Some(_) => kernel::<f32>(x, window),
        None => reference(x, window),
    }
}

fn kernel<T: Real + WithDType>(x: &Tensor, window: &Window) -> Result<Tensor> {
    let (shape, window) = (output_shape(x, window)?, *window);
    let x = &x.contiguous()?;
    let output = plain::avg_pool2d::forward::<T>(Values::of(x).slice()?, &window);
    record("avg_pool2d", [x], cpu::output(output, shape), move |[x], _, gradient| {
        let gradient = gradient.contiguous()?;
        let input = plain::avg_pool2d::backward::<T>(Values::of(&gradient).slice()?, &window);
        Ok([Some(cpu::like(input, x)?)])
    })
}

/// [`avg_pool2d`] in plain tensor operations, for every device and type.
///
/// # Errors
/// If the shapes do not match.
pub fn reference(x: &Tensor, window: &Window) -> Result<Tensor> {
    let (batch, channels, _, _) = x.dims4()?;
    let ([height, width], [rows, columns]) = (window.kernel, window.output);
    let padded = x.pad_with_zeros(2, window.before[0], window.after(0))?.pad_with_zeros(
        3,
        window.before[1],
        window.after(1),
    )?;
    let inside = Window { input: [padded.dim(2)?, padded.dim(3)?], before: [0, 0], ..*window };
    let windows = patches(&padded, &inside)?.permute(vec![0, 1, 2, 4, 3, 5])?.reshape(vec![
        batch,
        channels,
        rows,
        columns,
        height * width,
    ])?;
    let shares: Vec<f64> = (0..rows)
        .flat_map(|row| {
            (0..columns).map(move |column| {
                1.0 / (window.covered(0, row).len() * window.covered(1, column).len()) as f64
            })
        })
        .collect();
    let shares = Tensor::from_vec(shares, (rows, columns), x.device())?.to_dtype(x.dtype())?;
    windows.sum(4)?.broadcast_mul(&shares)
}
