//! Dropout (Srivastava et al., 2014), scaled during training: each value becomes 0 with probability `rate`,
//! and x / (1 - rate) otherwise; or the values of a channel, or of a sample, together.

use candle_core::{Device, Result, Tensor};

use crate::random::{Purpose, Stream};

/// The values that are set to 0 or kept together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Each value by itself.
    Value,
    /// Those of a channel.
    Channel,
    /// Those of a sample.
    Sample,
}

impl Unit {
    /// The number of values, which follow each other, of a sample of this shape.
    #[must_use]
    pub fn len(self, sample: &[usize]) -> usize {
        let len: usize = match self {
            Self::Value => 1,
            Self::Channel => sample.iter().skip(1).product(),
            Self::Sample => sample.iter().product(),
        };
        len.max(1)
    }

    /// Draws the mask of samples from the one at index `first` on: one number for each unit, which has `len` values.
    pub fn draw(len: usize, rate: f64, mut stream: Stream, first: usize, sample: usize, mask: &mut [f32]) {
        stream.skip_to((first * (sample / len)) as u64);
        if len == 1 {
            return stream.dropout_mask(rate, mask);
        }
        for unit in mask.chunks_mut(len) {
            let mut factor = [0.0];
            stream.dropout_mask(rate, &mut factor);
            unit.fill(factor[0]);
        }
    }
}

/// `x` times the mask of a training step, which depends only on seed, step and layer; `first` is the index
/// of the first sample in the step's whole batch.
///
/// # Errors
/// If candle returns an error.
pub fn dropout(
    x: &Tensor,
    (rate, unit): (f64, Unit),
    [seed, step, layer]: [u64; 3],
    first: usize,
) -> Result<Tensor> {
    if rate <= 0.0 {
        return Ok(x.clone());
    }
    // Drawn on the CPU for every device, so that all devices use the same masks.
    let stream = Stream::new(seed, Purpose::Dropout, [step, layer]);
    let sample = x.elem_count() / x.dim(0)?.max(1);
    let mut mask = vec![0.0_f32; x.elem_count()];
    Unit::draw(unit.len(&x.dims()[1..]), rate, stream, first, sample, &mut mask);
    let mask = Tensor::from_vec(mask, x.shape(), &Device::Cpu)?.to_dtype(x.dtype())?;
    x * mask.to_device(x.device())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(unit: Unit, first: usize, samples: usize) -> Vec<Vec<f32>> {
        let x = Tensor::ones((samples, 3, 2, 2), candle_core::DType::F32, &Device::Cpu).unwrap();
        let y = dropout(&x, (0.5, unit), [7, 3, 1], first).unwrap();
        y.reshape((samples, 12)).unwrap().to_vec2().unwrap()
    }

    #[test]
    fn channels_and_samples_are_dropped_as_a_whole_and_in_parts_of_a_batch_alike() {
        for unit in [Unit::Value, Unit::Channel, Unit::Sample] {
            let whole = masked(unit, 0, 40);
            assert_eq!(masked(unit, 13, 10), whole[13..23], "{unit:?}");
            let len = unit.len(&[3, 2, 2]);
            let together = |unit: &[f32]| unit.iter().all(|value| value.to_bits() == unit[0].to_bits());
            assert!(whole.iter().flat_map(|sample| sample.chunks(len)).all(together), "{unit:?}");
            let units: Vec<f32> =
                whole.iter().flat_map(|sample| sample.chunks(len)).map(|unit| unit[0]).collect();
            assert!(units.iter().all(|factor| [0.0, 2.0].contains(factor)));
            let dropped = units.iter().filter(|factor| **factor == 0.0).count();
            assert!(dropped > units.len() / 4 && dropped < units.len() * 3 / 4, "{unit:?}: {dropped}");
        }
    }

    #[test]
    fn the_units_of_a_sample_without_channels_are_values() {
        assert_eq!([Unit::Value, Unit::Channel, Unit::Sample].map(|unit| unit.len(&[9])), [1, 1, 9]);
    }
}
