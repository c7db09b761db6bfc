//! From logits to probabilities, on plain values.
//!
//! e^(z - max z), divided by its sum; for a single logit 1 / (1 + e^-z), of the second class. The bits are the same in any batch and on
//! every machine, and agree with the tensor operations that define the functions up to rounding.

use crate::ops::Activation;

/// The probability of each class for one sample's `logits`, by the loss's `function`: softmax, or the
/// sigmoid of one logit for two classes.
pub fn probabilities(function: Activation, logits: &[f32]) -> Vec<f32> {
    match function {
        Activation::Sigmoid => {
            let sigmoid = |z: f32| 1.0 / (libm::expf(-z) + 1.0);
            logits.iter().map(|z| sigmoid(-z)).chain(logits.iter().map(|z| sigmoid(*z))).collect()
        }
        _ => softmax(logits),
    }
}

fn softmax(logits: &[f32]) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, |most, z| if z > most { z } else { most });
    let powers: Vec<f32> = logits.iter().map(|z| libm::expf(z - largest)).collect();
    let total: f32 = powers.iter().sum();
    powers.iter().map(|power| power / total).collect()
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
    fn probabilities_agree_with_the_tensor_operations() -> Result<()> {
        let mut stream = Stream::new(4, Purpose::Data, [0, 0]);
        for classes in (1..70).chain([100, 127, 128, 1000]) {
            for scale in [0.1, 1.0, 20.0] {
                let logits: Vec<f32> = (0..classes).map(|_| (stream.normal() * scale) as f32).collect();
                let function = if classes == 1 { Activation::Sigmoid } else { Activation::Softmax };
                let (found, expected) = (probabilities(function, &logits), reference(function, &logits)?);
                assert_eq!(found.len(), expected.len());
                for (found, expected) in found.iter().zip(&expected) {
                    // A few roundings, and those of a sum of this many values.
                    let tolerance = (8.0 + (classes as f32).sqrt()) * f32::EPSILON * expected;
                    assert!((found - expected).abs() <= tolerance, "{classes} classes: {found} {expected}");
                }
                assert!((found.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            }
        }
        Ok(())
    }
}
