//! The probability above which the second of two classes is predicted.

use super::Prediction;
use crate::error::{Error, Result};
use crate::metrics::is_second;

/// A threshold for the probability of the second of two classes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold(f64);

impl Threshold {
    /// The threshold `value` for a network with `classes` classes; 0 if it predicts numbers.
    ///
    /// # Errors
    /// [`Error::Usage`] if it is not between 0 and 1, or there are not two classes.
    pub fn new(value: f64, classes: usize) -> Result<Self> {
        let what = "a threshold requires two classes";
        match classes {
            0 => Err(Error::Usage(format!("{what}; this network predicts numbers"))),
            2 if value > 0.0 && value < 1.0 => Ok(Self(value)),
            2 => Err(Error::Usage(format!("a threshold must be between 0 and 1, not {value}"))),
            _ => Err(Error::Usage(format!("{what}; this network has {classes}"))),
        }
    }

    /// Its value.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }

    /// The class of `prediction`: 1 where its probability is above the threshold, else 0.
    #[must_use]
    pub fn class(self, prediction: &Prediction) -> usize {
        usize::from(is_second(&prediction.logits, self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_the_second_above_the_threshold_by_one_logit_or_by_two() {
        let class = |threshold: f64, logits: &[f32]| {
            let prediction = Prediction { logits: logits.to_vec(), values: vec![0.5; 2] };
            Threshold::new(threshold, 2).map(|threshold| threshold.class(&prediction)).ok()
        };
        // A logit of -0.4 is a probability of 0.401.
        assert_eq!((class(0.4, &[-0.4]), class(0.41, &[-0.4])), (Some(1), Some(0)));
        assert_eq!((class(0.4, &[1.0, 0.6]), class(0.41, &[1.0, 0.6])), (Some(1), Some(0)));
        assert_eq!((class(0.5, &[0.0]), class(0.5, &[0.1])), (Some(0), Some(1)));
        assert_eq!((class(0.0, &[0.1]), class(f64::NAN, &[0.1])), (None, None));
    }
}
