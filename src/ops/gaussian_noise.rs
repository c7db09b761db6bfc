//! Normal noise with mean 0, added during training.

use candle_core::{Device, Result, Tensor};

use crate::random::{Purpose, Stream};

/// `x` plus the noise of a training step, which depends only on seed, step and layer; `first` is the index of the first
/// sample in the step's whole batch.
///
/// # Errors
/// If candle returns an error.
pub fn gaussian_noise(
    x: &Tensor,
    deviation: f64,
    [seed, step, layer]: [u64; 3],
    first: usize,
) -> Result<Tensor> {
    // Drawn on the CPU for every device, so that all devices add the same noise.
    let mut noise = vec![0.0_f32; x.elem_count()];
    let sample = (x.elem_count() / x.dim(0)?.max(1)).max(1);
    for (i, noise) in noise.chunks_exact_mut(sample).enumerate() {
        draw(Stream::new(seed, Purpose::Noise, [step, layer]), deviation, first + i, noise);
    }
    let noise = Tensor::from_vec(noise, x.shape(), &Device::Cpu)?.to_dtype(x.dtype())?;
    x + noise.to_device(x.device())?
}

/// Draws the noise of the sample at index `index` of the batch, from a new stream.
pub fn draw(mut stream: Stream, deviation: f64, index: usize, noise: &mut [f32]) {
    // A normal number takes two uniform ones.
    stream.skip_to(2 * (index * noise.len()) as u64);
    for value in noise {
        *value = (deviation * stream.normal()) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(first: usize, samples: usize) -> Vec<Vec<f32>> {
        let x = Tensor::zeros((samples, 50), candle_core::DType::F32, &Device::Cpu).unwrap();
        gaussian_noise(&x, 0.5, [7, 3, 1], first).unwrap().to_vec2().unwrap()
    }

    #[test]
    fn noise_has_its_deviation_and_is_the_same_in_parts_of_a_batch() {
        let whole = noise(0, 200);
        assert_eq!(noise(13, 10), whole[13..23]);
        let values: Vec<f64> = whole.concat().into_iter().map(f64::from).collect();
        let mean = values.iter().sum::<f64>() / 1e4;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 1e4;
        // Four standard errors.
        assert!(mean.abs() < 0.02 && (variance.sqrt() - 0.5).abs() < 0.0142, "{mean} {variance}");
    }
}
