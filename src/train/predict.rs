//! What a network makes of samples without targets.

use candle_core::{D, Device, Tensor};

use super::evaluate::batch_size;
use crate::data::Scaling;
use crate::data::input::Samples;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::layers::Activation;
use crate::loss::Loss;

/// What a network makes of one sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The network's last values, before the loss's own function.
    pub logits: Vec<f32>,
    /// The probability of each class, or the numbers that are predicted.
    pub values: Vec<f32>,
}

impl Prediction {
    /// The most probable class, the first of equals, as the metrics count it: judged by the logits,
    /// because probabilities near 1 are rounded to the same number.
    #[must_use]
    pub fn class(&self) -> usize {
        match self.logits.as_slice() {
            [logit] if self.values.len() == 2 => usize::from(*logit > 0.0),
            logits => (1..logits.len()).fold(0, |best, i| if logits[i] > logits[best] { i } else { best }),
        }
    }
}

/// Predicts for each of `samples`, in order.
///
/// # Errors
/// [`Error::Data`] if a sample leads to values that are not finite; otherwise if the tensor library
/// refuses.
pub fn predict(
    engine: &dyn Engine,
    loss: &dyn Loss,
    samples: &Samples,
    scaling: &Scaling,
    device: &Device,
) -> Result<Vec<Prediction>> {
    let mut predictions = Vec::with_capacity(samples.count);
    let batch_size = batch_size(&samples.sample_shape);
    for start in (0..samples.count).step_by(batch_size) {
        let range = start..samples.count.min(start + batch_size);
        let logits = engine.logits(&samples.batch(range, scaling, device)?)?;
        let values = match loss.link() {
            // One logit stands for two classes.
            Some(Activation::Sigmoid) => {
                let both = Tensor::cat(&[&logits.neg()?, &logits], D::Minus1)?;
                Activation::Sigmoid.forward(&both)?
            }
            Some(link) => link.forward(&logits)?,
            None => logits.clone(),
        };
        for (logits, values) in logits.to_vec2()?.into_iter().zip(values.to_vec2()?) {
            predictions.push(Prediction { logits, values });
        }
    }
    let finite = |p: &Prediction| p.logits.iter().chain(&p.values).all(|value| value.is_finite());
    match predictions.iter().position(|prediction| !finite(prediction)) {
        Some(i) => Err(Error::data(
            &samples.place,
            format!(
                "sample {i} gives values that are not finite; are its numbers far larger than in training?"
            ),
        )),
        None => Ok(predictions),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(logits: &[f32]) -> usize {
        Prediction { logits: logits.to_vec(), values: vec![0.5; logits.len().max(2)] }.class()
    }

    #[test]
    fn the_class_is_the_first_of_the_largest_logits() {
        assert_eq!(class(&[1.0, 40.0, 41.0, 41.0]), 2);
        assert_eq!(class(&[3.0, 3.0]), 0);
        assert_eq!((class(&[0.0]), class(&[0.1])), (0, 1));
    }
}
