//! The Huber loss (Huber, 1964): squared for small errors, linear for large ones.
//!
//! For an error d: d²/2 if |d| ≤ δ, otherwise δ (|d| - δ/2), averaged over the outputs of a sample.

use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

use super::{Loss, sum_of_errors, sum_of_means, validate_values};
use crate::config::Problems;
use crate::data::{BatchTargets, Target};
use crate::ops::Activation;

/// `[loss.huber]`: like `mse` for small errors and like `mae` for large ones, for numeric targets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The error at which the loss becomes linear, in the unit of the targets; with standardized targets
    /// (`preprocess.targets`), in standard deviations.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub delta: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { delta: 1.0 }
    }
}

impl Loss for Config {
    fn validate(&self, target: Target, outputs: usize, problems: &mut Problems<'_>) {
        validate_values("huber", target, outputs, problems);
    }

    fn link(&self) -> Option<Activation> {
        None
    }

    /// c (d - c/2) with c = clamp(d, -δ, δ) held constant. Its value is the loss on both sides of δ and its
    /// gradient is c, without the kinks of `abs` and `minimum`.
    fn sum(&self, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        let difference = (logits - targets)?;
        let clamped = difference.detach().clamp(-self.delta, self.delta)?;
        sum_of_means(&(&clamped * (&difference - (&clamped * 0.5)?)?)?)
    }

    fn sum_and_gradient(
        &self,
        logits: &[f32],
        targets: BatchTargets<'_>,
        gradient: &mut [f32],
    ) -> Result<f64> {
        let delta = self.delta;
        sum_of_errors(logits, targets, gradient, |d| {
            if d.abs() <= delta {
                (0.5 * d * d, d)
            } else {
                (delta * (d.abs() - 0.5 * delta), delta * d.signum())
            }
        })
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::loss::checks::value_and_gradient;

    #[test]
    fn is_squared_below_delta_and_linear_above() -> Result<()> {
        let outputs = Var::new(&[[0.5, -2.0, 5.0, 0.0]], &Device::Cpu)?;
        let targets = Tensor::new(&[[0.0, 0.0, 0.0, 0.0]], &Device::Cpu)?;
        let loss = Config { delta: 2.0 }.sum(&outputs, &targets)?;
        let (value, gradient) = value_and_gradient(&loss, &outputs)?;
        assert_eq!(value, (0.125 + 2.0 + 2.0 * (5.0 - 1.0) + 0.0) / 4.0);
        assert_eq!(gradient, [0.125, -0.5, 0.5, 0.0]);
        Ok(())
    }

    #[test]
    fn nan_is_not_hidden() -> Result<()> {
        let outputs = Tensor::new(&[[f32::NAN]], &Device::Cpu)?;
        let targets = Tensor::new(&[[0_f32]], &Device::Cpu)?;
        assert!(Config::default().sum(&outputs, &targets)?.to_scalar::<f32>()?.is_nan());
        Ok(())
    }
}
