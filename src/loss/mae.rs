//! The mean absolute error: |z - y|, averaged over the outputs of a sample.

use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

use super::{Loss, sum_of_errors, sum_of_means, validate_values};
use crate::config::Problems;
use crate::data::{BatchTargets, Target};
use crate::ops::Activation;

/// `[loss.mae]`: the mean absolute error, for numeric targets; outliers weigh less than in `mse`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

impl Loss for Config {
    fn validate(&self, target: Target, outputs: usize, problems: &mut Problems<'_>) {
        validate_values("mae", target, outputs, problems);
    }

    fn link(&self) -> Option<Activation> {
        None
    }

    /// d sign(d) with the sign held constant: candle's `abs` has gradient 1 at 0, PyTorch's has 0.
    fn sum(&self, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        let difference = (logits - targets)?;
        sum_of_means(&(&difference * difference.detach().sign()?)?)
    }

    fn sum_and_gradient(
        &self,
        logits: &[f32],
        targets: BatchTargets<'_>,
        gradient: &mut [f32],
    ) -> Result<f64> {
        sum_of_errors(logits, targets, gradient, |d| (d.abs(), if d == 0.0 { 0.0 } else { d.signum() }))
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::loss::checks::value_and_gradient;

    #[test]
    fn the_gradient_is_the_sign_and_0_at_0() -> Result<()> {
        let outputs = Var::new(&[[1.0, 2.0], [0.0, -3.0]], &Device::Cpu)?;
        let targets = Tensor::new(&[[0.5, 2.0], [2.0, 1.0]], &Device::Cpu)?;
        let (value, gradient) = value_and_gradient(&Config {}.sum(&outputs, &targets)?, &outputs)?;
        assert_eq!(value, (0.5 + 0.0 + 2.0 + 4.0) / 2.0);
        assert_eq!(gradient, [0.5, 0.0, -0.5, -0.5]);
        Ok(())
    }

    #[test]
    fn nan_is_not_hidden() -> Result<()> {
        let outputs = Tensor::new(&[[f32::NAN]], &Device::Cpu)?;
        let targets = Tensor::new(&[[0_f32]], &Device::Cpu)?;
        assert!(Config {}.sum(&outputs, &targets)?.to_scalar::<f32>()?.is_nan());
        Ok(())
    }
}
