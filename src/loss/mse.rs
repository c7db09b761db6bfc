//! The mean squared error: (z - y)², averaged over the outputs of a sample.

use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

use super::{Loss, sum_of_errors, sum_of_means, validate_values};
use crate::config::Problems;
use crate::data::{BatchTargets, Target};
use crate::ops::Activation;

/// `[loss.mse]`: the mean squared error, for numeric targets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

impl Loss for Config {
    fn validate(&self, target: Target, outputs: usize, problems: &mut Problems<'_>) {
        validate_values("mse", target, outputs, problems);
    }

    fn link(&self) -> Option<Activation> {
        None
    }

    fn sum(&self, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        sum_of_means(&(logits - targets)?.sqr()?)
    }

    fn sum_and_gradient(
        &self,
        logits: &[f32],
        targets: BatchTargets<'_>,
        gradient: &mut [f32],
    ) -> Result<f64> {
        sum_of_errors(logits, targets, gradient, |d| (d * d, 2.0 * d))
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::loss::checks::value_and_gradient;

    #[test]
    fn is_the_mean_over_outputs_and_the_sum_over_samples() -> Result<()> {
        let outputs = Var::new(&[[1.0, 2.0], [0.0, -3.0]], &Device::Cpu)?;
        let targets = Tensor::new(&[[0.0, 2.0], [2.0, 1.0]], &Device::Cpu)?;
        let (value, gradient) = value_and_gradient(&Config {}.sum(&outputs, &targets)?, &outputs)?;
        assert_eq!(value, (1.0 + 0.0 + 4.0 + 16.0) / 2.0);
        assert_eq!(gradient, [1.0, 0.0, -2.0, -4.0]);
        Ok(())
    }
}
