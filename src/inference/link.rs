//! From logits to probabilities, on plain values.
//!
//! The bits are those of the tensor operations that define the functions, in any batch: e^(z - max z),
//! divided by its sum; for a single logit 1 / (1 + e^-z), of the second class.

use crate::ops::Activation;

/// The probability of each class for one sample's `logits`, by the loss's `function`: softmax, or the
/// sigmoid of one logit for two classes.
pub fn probabilities(function: Activation, logits: &[f32]) -> Vec<f32> {
    match function {
        Activation::Sigmoid => {
            let sigmoid = |z: f32| 1.0 / ((-z).exp() + 1.0);
            logits.iter().map(|z| sigmoid(-z)).chain(logits.iter().map(|z| sigmoid(*z))).collect()
        }
        _ => softmax(logits),
    }
}

fn softmax(logits: &[f32]) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, |most, z| if z > most { z } else { most });
    let powers: Vec<f32> = logits.iter().map(|z| (z - largest).exp()).collect();
    let total = sum(&powers);
    powers.iter().map(|power| power / total).collect()
}

/// The sum in the order in which candle adds with 256-bit vectors, on every machine: four vectors of eight,
/// whose halves are added until one value is left, and then the remaining values.
fn sum(values: &[f32]) -> f32 {
    let (blocks, rest) = values.as_chunks::<32>();
    let mut lanes = [0.0_f32; 32];
    for block in blocks {
        lanes.iter_mut().zip(block).for_each(|(lane, value)| *lane += value);
    }
    let eight: [f32; 8] =
        std::array::from_fn(|i| (lanes[i] + lanes[8 + i]) + (lanes[16 + i] + lanes[24 + i]));
    let four: [f32; 4] = std::array::from_fn(|i| eight[i] + eight[4 + i]);
    let total = (four[0] + four[1]) + (four[2] + four[3]);
    rest.iter().fold(total, |total, value| total + value)
}

#[cfg(test)]
mod tests {
    use candle_core::{D, Device, Result, Tensor};

    use super::*;
    use crate::random::{Purpose, Stream};

    /// The same with tensor operations.
    fn reference(function: Activation, logits: &[f32]) -> Result<Vec<f32>> {
        let mut logits = Tensor::from_slice(logits, (1, logits.len()), &Device::Cpu)?;
        if function == Activation::Sigmoid {
            logits = Tensor::cat(&[&logits.neg()?, &logits], D::Minus1)?;
        }
        function.forward(&logits)?.flatten_all()?.to_vec1()
    }

    #[test]
    fn probabilities_have_the_bits_of_the_tensor_operations() -> Result<()> {
        let mut stream = Stream::new(4, Purpose::Data, [0, 0]);
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        for classes in (2..70).chain([100, 127, 128, 1000]) {
            for scale in [0.1, 1.0, 20.0] {
                let logits: Vec<f32> = (0..classes).map(|_| (stream.normal() * scale) as f32).collect();
                let found = probabilities(Activation::Softmax, &logits);
                // candle adds in another order on machines without AVX2.
                if classes < 32 || cfg!(target_arch = "x86_64") && std::is_x86_feature_detected!("avx2") {
                    let expected = reference(Activation::Softmax, &logits)?;
                    assert_eq!(bits(&found), bits(&expected), "{classes} classes");
                }
                assert!((found.iter().sum::<f32>() - 1.0).abs() < 1e-5);
                let single = &logits[..1];
                let found = probabilities(Activation::Sigmoid, single);
                assert_eq!(bits(&found), bits(&reference(Activation::Sigmoid, single)?), "{single:?}");
            }
        }
        Ok(())
    }
}
