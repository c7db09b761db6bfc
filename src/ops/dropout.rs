//! Dropout (Srivastava et al., 2014), scaled during training: each value becomes 0 with probability `rate`,
//! and x / (1 - rate) otherwise.

use candle_core::{Device, Result, Tensor};

use crate::random::{Purpose, Stream};

/// `x` times the mask of a training step, which depends only on seed, step and layer; `first` is the index
/// of the first sample in the step's whole batch.
///
/// # Errors
/// If candle returns an error.
pub fn dropout(x: &Tensor, rate: f64, [seed, step, layer]: [u64; 3], first: usize) -> Result<Tensor> {
    if rate <= 0.0 {
        return Ok(x.clone());
    }
    // Drawn on the CPU for every device, so that all devices use the same masks.
    let mut stream = Stream::new(seed, Purpose::Dropout, [step, layer]);
    let samples = x.dim(0)?.max(1);
    stream.skip_to((first * (x.elem_count() / samples)) as u64);
    let mut mask = vec![0.0_f32; x.elem_count()];
    stream.dropout_mask(rate, &mut mask);
    let mask = Tensor::from_vec(mask, x.shape(), &Device::Cpu)?.to_dtype(x.dtype())?;
    x * mask.to_device(x.device())?
}
