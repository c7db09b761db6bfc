//! Binary cross-entropy between one logit and one of two classes.
//!
//! For a logit z and y = 0 or 1: max(z, 0) - z y + ln(1 + e^-|z|), which is
//! -y ln σ(z) - (1 - y) ln(1 - σ(z)) without overflow. With label smoothing ε, y becomes
//! y (1 - ε) + ε/2, as in Keras. The gradient is σ(z) - y.

use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

use super::{Loss, labels};
use crate::config::Problems;
use crate::data::{BatchTargets, Target};
use crate::ops::Activation;
use crate::ops::{Output, record};

/// `[loss.binary_cross_entropy]`: for one of two classes, from a single output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The share of each target that is spread evenly over both classes.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub label_smoothing: f64,
}

impl Loss for Config {
    fn validate(&self, target: Target, outputs: usize, problems: &mut Problems<'_>) {
        match target {
            Target::Class { classes: 2 } if outputs == 1 => {}
            Target::Class { classes: 2 } => problems.report_with_help(
                format!("binary_cross_entropy needs one output, and the last layer has {outputs}"),
                "let the last `dense` layer have `units = 1`, or use `cross_entropy`",
            ),
            Target::Class { classes } => problems.report_with_help(
                format!("binary_cross_entropy needs two classes, and this data set has {classes}"),
                "use `cross_entropy`",
            ),
            Target::Value { .. } => problems.report_with_help(
                "binary_cross_entropy needs classes, and this data set has numbers to predict",
                "use `mse`, `mae` or `huber`",
            ),
        }
    }

    fn link(&self) -> Option<Activation> {
        Some(Activation::Sigmoid)
    }

    /// The gradient is recorded rather than derived: the terms have kinks at 0 that only their sum
    /// has not, and candle's gradients of max and |z| differ there.
    fn sum(&self, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        let smoothing = self.label_smoothing;
        let y = targets.to_dtype(logits.dtype())?.affine(1.0 - smoothing, smoothing / 2.0)?;
        let y = y.reshape(logits.shape())?; // [batch, 1]
        let z = logits.detach();
        let rest = (z.abs()?.neg()?.exp()? + 1.0)?.log()?;
        let loss = ((z.maximum(0.0)? - (&z * &y)?)? + rest)?.sum_all()?;
        let gradient = (candle_nn::ops::sigmoid(&z)? - y)?;
        record("binary_cross_entropy", [logits], Output::Tensor(loss), move |_, _, upstream| {
            Ok([Some(gradient.broadcast_mul(upstream)?)])
        })
    }

    fn sum_and_gradient(
        &self,
        logits: &[f32],
        targets: BatchTargets<'_>,
        gradient: &mut [f32],
    ) -> Result<f64> {
        let (labels, outputs) = labels(logits, targets, gradient)?;
        if outputs > 1 {
            candle_core::bail!("{outputs} logits for each label, where binary_cross_entropy takes one");
        }
        let smoothing = self.label_smoothing;
        let mut sum = 0.0;
        for ((z, label), slot) in logits.iter().zip(labels).zip(gradient) {
            if *label > 1 {
                candle_core::bail!("label {label} for binary_cross_entropy, which has the classes 0 and 1");
            }
            let (z, y) = (f64::from(*z), f64::from(*label) * (1.0 - smoothing) + smoothing / 2.0);
            let small = (-z.abs()).exp();
            sum += z.max(0.0) - z * y + small.ln_1p();
            let sigmoid = if z >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) };
            *slot = (sigmoid - y) as f32;
        }
        Ok(sum)
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::loss::checks::{problems, value_and_gradient};

    #[test]
    fn agrees_with_the_definition_and_has_the_right_slope() -> Result<()> {
        for smoothing in [0.0, 0.2] {
            let config = Config { label_smoothing: smoothing };
            for (z, label) in [(0.0, 0_u32), (0.0, 1), (1.5, 0), (1.5, 1), (-2.0, 0), (-2.0, 1)] {
                let logits = Var::new(&[[z]], &Device::Cpu)?;
                let targets = Tensor::new(&[label], &Device::Cpu)?;
                let (value, gradient) = value_and_gradient(&config.sum(&logits, &targets)?, &logits)?;
                let y = f64::from(label) * (1.0 - smoothing) + smoothing / 2.0;
                let p = 1.0 / (1.0 + f64::exp(-z));
                let expected = -y * p.ln() - (1.0 - y) * (1.0 - p).ln();
                assert!((value - expected).abs() < 1e-14, "{z} {label}: {value} {expected}");
                assert!((gradient[0] - (p - y)).abs() < 1e-15, "{z} {label}: {gradient:?}");
            }
        }
        Ok(())
    }

    #[test]
    fn huge_logits_give_finite_values() -> Result<()> {
        let logits = Var::new(&[[1000_f32], [-1000.0], [1000.0]], &Device::Cpu)?;
        let targets = Tensor::new(&[1_u32, 0, 0], &Device::Cpu)?;
        let (value, gradient) = value_and_gradient(&Config::default().sum(&logits, &targets)?, &logits)?;
        assert_eq!(value, 1000.0);
        assert_eq!(gradient, [0.0, 0.0, 1.0]);
        Ok(())
    }

    #[test]
    fn reports_what_does_not_fit() {
        let config = Config::default();
        assert!(problems(&config, Target::Class { classes: 2 }, 1).is_empty());
        for (target, outputs) in [
            (Target::Class { classes: 2 }, 2),
            (Target::Class { classes: 3 }, 1),
            (Target::Value { width: 1 }, 1),
        ] {
            let found = problems(&config, target, outputs);
            assert!(found.len() == 1 && found[0].help.is_some(), "{target:?} {outputs}: {found:?}");
        }
    }
}
