//! The windows of an image as a tensor, for the references of convolution and pooling.

use candle_core::{Result, Tensor};

use taper_kernels::window::Window;

/// The output shape of one value per window and channel, if the images have the window's size.
pub(super) fn output_shape(x: &Tensor, window: &Window) -> Result<(usize, usize, usize, usize)> {
    let (batch, channels, height, width) = x.dims4()?;
    if [height, width] != window.input || channels == 0 {
        candle_core::bail!("images {:?} do not match a window over {:?}", x.dims(), window.input);
    }
    Ok((batch, channels, window.output[0], window.output[1]))
}

/// `[batch, channels, height, width]` to `[batch, channels, rows, kernel height, columns, kernel width]`.
/// Padding repeats the nearest pixel of the image; each window covers at least one pixel.
pub(super) fn patches(x: &Tensor, window: &Window) -> Result<Tensor> {
    let (batch, channels, _, _) = x.dims4()?;
    let ([height, width], [rows, columns]) = (window.kernel, window.output);
    x.contiguous()?
        .index_select(&indices(x, window, 0)?, 2)?
        .index_select(&indices(x, window, 1)?, 3)?
        .reshape(vec![batch, channels, rows, height, columns, width])
}

fn indices(x: &Tensor, window: &Window, axis: usize) -> Result<Tensor> {
    let last = window.input[axis] - 1;
    let indices: Vec<u32> = (0..window.output[axis])
        .flat_map(|position| {
            let start = position * window.stride[axis];
            (start..start + window.kernel[axis])
                .map(|i| i.saturating_sub(window.before[axis]).min(last) as u32)
        })
        .collect();
    Tensor::new(indices, x.device())
}
