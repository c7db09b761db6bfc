//! The quantile loss, or pinball loss (Koenker and Bassett, 1978): minimal where a share q of the targets is below the
//! prediction.
//!
//! For an error d = z - y: (1 - q) d if d > 0, otherwise -q d, averaged over the outputs of a sample
//! (`mean_pinball_loss` of scikit-learn).

use std::cmp::Ordering;

use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

use super::{Loss, sum_of_errors, sum_of_means, validate_values};
use crate::config::Problems;
use crate::data::{BatchTargets, Target};
use crate::ops::Activation;

/// `[loss.quantile]`: predicts a quantile of numeric targets, such as the value below which nine in ten are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The share of the targets that should be below the prediction, such as 0.9. The default predicts the median;
    /// its loss is half that of `mae`.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub quantile: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { quantile: 0.5 }
    }
}

impl Loss for Config {
    fn validate(&self, target: Target, outputs: usize, problems: &mut Problems<'_>) {
        validate_values("quantile", target, outputs, problems);
    }

    fn link(&self) -> Option<Activation> {
        None
    }

    /// d (s/2 + (1/2 - q) s²) with s = sign(d) held constant: the slope is 1 - q above 0, -q below, and 0 at 0.
    fn sum(&self, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        let difference = (logits - targets)?;
        let sign = difference.detach().sign()?;
        let slope = ((&sign * 0.5)? + (sign.sqr()? * (0.5 - self.quantile))?)?;
        sum_of_means(&(difference * slope)?)
    }

    fn sum_and_gradient(
        &self,
        logits: &[f32],
        targets: BatchTargets<'_>,
        gradient: &mut [f32],
    ) -> Result<f64> {
        sum_of_errors(logits, targets, gradient, |d| {
            let slope = match d.partial_cmp(&0.0) {
                Some(Ordering::Greater) => 1.0 - self.quantile,
                Some(Ordering::Less) => -self.quantile,
                Some(Ordering::Equal) => 0.0,
                None => d, // NaN
            };
            (slope * d, slope)
        })
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::loss::checks::value_and_gradient;

    #[test]
    #[expect(clippy::float_cmp, reason = "these values are exact")]
    fn errors_above_and_below_weigh_differently() -> Result<()> {
        let config = Config { quantile: 0.75 };
        let outputs = Var::new(&[[1.0, 2.0], [0.0, -3.0]], &Device::Cpu)?;
        let targets = Tensor::new(&[[0.5, 2.0], [2.0, 1.0]], &Device::Cpu)?;
        let (value, gradient) = value_and_gradient(&config.sum(&outputs, &targets)?, &outputs)?;
        assert_eq!(value, (0.25 * 0.5 + 0.0 + 0.75 * 2.0 + 0.75 * 4.0) / 2.0);
        assert_eq!(gradient, [0.125, 0.0, -0.375, -0.375]);
        Ok(())
    }

    #[test]
    fn it_is_minimal_at_the_quantile() -> Result<()> {
        let targets: Vec<f32> = (0..100).map(|i| (i * 37 % 100) as f32).collect();
        for (quantile, below) in [(0.055, 5), (0.5, 49), (0.905, 90)] {
            let at = |value: f32| {
                let targets = BatchTargets::Values { values: &targets, width: 1 };
                Config { quantile }.sum_and_gradient(&[value; 100], targets, &mut [0.0; 100])
            };
            let mut losses =
                (0_u8..100).map(|value| Ok((value, at(value.into())?))).collect::<Result<Vec<_>>>()?;
            losses.sort_by(|a, b| a.1.total_cmp(&b.1));
            assert_eq!(losses[0].0, below, "{quantile}");
        }
        Ok(())
    }

    #[test]
    fn the_finite_differences_of_every_quantile_agree() -> Result<()> {
        let targets = Tensor::new(&[[0.0, 1.0], [-2.0, 0.5], [0.5, 0.25]], &Device::Cpu)?;
        let outputs = [0.7, -1.3, 2.2, 0.1, -0.4, 1.9];
        for quantile in [1e-6, 0.1, 0.5, 0.9, 0.999] {
            let value = |outputs: &[f64]| {
                let outputs = Tensor::from_slice(outputs, (3, 2), &Device::Cpu)?;
                Config { quantile }.sum(&outputs, &targets)?.to_scalar::<f64>()
            };
            let input = Var::from_slice(&outputs, (3, 2), &Device::Cpu)?;
            let (_, gradient) = value_and_gradient(&Config { quantile }.sum(&input, &targets)?, &input)?;
            for i in 0..outputs.len() {
                let (mut up, mut down) = (outputs, outputs);
                (up[i], down[i]) = (up[i] + 1e-5, down[i] - 1e-5);
                let slope = (value(&up)? - value(&down)?) / 2e-5;
                assert!((slope - gradient[i]).abs() < 1e-9, "{quantile}[{i}]: {slope} {}", gradient[i]);
            }
        }
        Ok(())
    }
}
