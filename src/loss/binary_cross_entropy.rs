//! Binary cross-entropy of one logit for two classes.
//!
//! For a logit z and y = 0 or 1: max(z, 0) - z y + ln(1 + e^-|z|), which is -y ln σ(z) - (1 - y) ln(1 -
//! σ(z)) without overflow. With label smoothing ε, y becomes y (1 - ε) + ε/2, as in Keras. The gradient is
//! σ(z) - y. A class weight multiplies the whole loss of each sample of its class, smoothed or not, and the
//! mean divides by the number of samples, as with Keras's `class_weight`.

use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

use super::Loss;
use super::class_weights::ClassWeights;
use super::labels::{Labels, parts};
use crate::config::Problems;
use crate::data::{BatchTargets, Target};
use crate::ops::Activation;
use crate::ops::{Output, record};

/// `[loss.binary_cross_entropy]`: for two classes, from a single output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The share of each target that is spread evenly over both classes.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub label_smoothing: f64,
    /// Factors for the losses of samples of the first and the second class, such as `[1, 19]` if one
    /// sample in twenty is of the second class, or "balanced" for n / (2 `n_c`), with `n_c` of n training samples. All 1 by default. The mean is over samples regardless of
    /// their weights; validation and test losses are weighted as well.
    pub class_weights: Option<ClassWeights>,
}

impl Config {
    fn list(&self) -> Option<&[f64]> {
        self.class_weights.as_ref()?.list()
    }
}

impl Loss for Config {
    fn validate(&self, target: Target, outputs: usize, problems: &mut Problems<'_>) {
        match target {
            Target::Class { classes: 2 } if outputs == 1 => {}
            Target::Class { classes: 2 } => problems.report_with_help(
                format!("binary_cross_entropy needs one output, but the last layer has {outputs}"),
                "set `units = 1` in the last `dense` layer, or use `cross_entropy`",
            ),
            Target::Class { classes } => problems.report_with_help(
                format!("binary_cross_entropy needs two classes, but this data set has {classes}"),
                "use `cross_entropy`",
            ),
            Target::Value { .. } => problems.report_with_help(
                "binary_cross_entropy needs classes, but the targets of this data set are numbers",
                "use `mse`, `mae`, `huber` or `quantile`",
            ),
        }
        if let Some(weights) = self.list()
            && weights.len() != 2
        {
            problems
                .key("class_weights")
                .report(format!("must be 2 weights, one for each class, not {}", weights.len()));
        }
        if let Some(weights) = &self.class_weights {
            weights.validate(&mut problems.key("class_weights"));
        }
    }

    fn resolved(&self, labels: &mut dyn Iterator<Item = u32>, classes: usize) -> Option<super::Config> {
        let class_weights = Some(self.class_weights.as_ref()?.resolve(labels, classes));
        Some(super::Config::binary_cross_entropy(Self { class_weights, ..self.clone() }))
    }

    fn link(&self) -> Option<Activation> {
        Some(Activation::Sigmoid)
    }

    /// The gradient is recorded rather than derived: the terms have kinks at 0 that cancel only in their
    /// sum, and candle's gradients of max and |z| differ there.
    fn sum(&self, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        let z = logits.detach();
        let rest = (z.abs()?.neg()?.exp()? + 1.0)?.log()?;
        let mut sums: Option<(Tensor, Tensor)> = None;
        for (labels, share) in parts(targets)? {
            let smoothing = self.label_smoothing;
            let y = labels.to_dtype(logits.dtype())?.affine(1.0 - smoothing, smoothing / 2.0)?;
            let y = y.reshape(logits.shape())?; // [batch, 1]
            let mut loss = ((z.maximum(0.0)? - (&z * &y)?)? + &rest)?;
            let mut gradient = (candle_nn::ops::sigmoid(&z)? - y)?;
            if let Some(weights) = self.list() {
                let weights = Tensor::new(weights, logits.device())?.to_dtype(logits.dtype())?;
                let weights = weights.index_select(&labels, 0)?.reshape(logits.shape())?;
                (loss, gradient) = ((loss * &weights)?, (gradient * weights)?);
            }
            if let Some(share) = share {
                let share = share.to_dtype(logits.dtype())?.reshape(logits.shape())?;
                (loss, gradient) = ((loss * &share)?, (gradient * share)?);
            }
            sums = Some(match sums {
                None => (loss, gradient),
                Some((losses, gradients)) => ((losses + loss)?, (gradients + gradient)?),
            });
        }
        let Some((loss, gradient)) = sums else { candle_core::bail!("targets without labels") };
        let loss = loss.sum_all()?;
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
        let (labels, outputs) = Labels::of(logits, targets, gradient)?;
        if outputs > 1 {
            candle_core::bail!("{outputs} logits per label, but binary_cross_entropy takes one");
        }
        let smoothing = self.label_smoothing;
        let weights = match self.list() {
            None => [1.0, 1.0],
            Some(&[first, second]) => [first, second],
            Some(weights) => candle_core::bail!("{} class weights for 2 classes", weights.len()),
        };
        let mut sum = 0.0;
        for ((z, parts), slot) in logits.iter().zip(labels.parts()).zip(gradient) {
            let z = f64::from(*z);
            let small = libm::exp(-z.abs());
            let sigmoid = if z >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) };
            let mut slope = 0.0;
            for (label, share) in parts {
                let Some(weight) = weights.get(label) else {
                    candle_core::bail!("label {label}; the classes of binary_cross_entropy are 0 and 1");
                };
                let y = label as f64 * (1.0 - smoothing) + smoothing / 2.0;
                sum += weight * share * (z.max(0.0) - z * y + libm::log1p(small));
                slope += weight * share * (sigmoid - y);
            }
            *slot = slope as f32;
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
    fn agrees_with_the_definition_and_has_the_right_gradient() -> Result<()> {
        for (smoothing, weights) in
            [(0.0, [1.0, 1.0]), (0.2, [1.0, 1.0]), (0.0, [0.5, 19.0]), (0.2, [3.0, 0.0])]
        {
            let class_weights = (weights != [1.0, 1.0]).then(|| weights.to_vec().into());
            let config = Config { label_smoothing: smoothing, class_weights };
            for (z, label) in [(0.0, 0_u32), (0.0, 1), (1.5, 0), (1.5, 1), (-2.0, 0), (-2.0, 1)] {
                let logits = Var::new(&[[z]], &Device::Cpu)?;
                let targets = Tensor::new(&[label], &Device::Cpu)?;
                let (value, gradient) = value_and_gradient(&config.sum(&logits, &targets)?, &logits)?;
                let y = f64::from(label) * (1.0 - smoothing) + smoothing / 2.0;
                let p = 1.0 / (1.0 + libm::exp(-z));
                let weight = weights[label as usize];
                let expected = weight * (-y * libm::log(p) - (1.0 - y) * libm::log(1.0 - p));
                assert!((value - expected).abs() <= 1e-14 * weight, "{z} {label}: {value} {expected}");
                assert!(
                    (gradient[0] - weight * (p - y)).abs() <= 1e-15 * weight,
                    "{z} {label}: {gradient:?}"
                );
            }
        }
        Ok(())
    }

    #[test]
    fn the_mean_divides_by_the_number_of_samples_not_by_their_weights() -> Result<()> {
        // p = σ([0.5, -1, 2]), y = [1, 0, 0], w = where(y, 19, 1); mean(w * -(y ln p + (1 - y) ln(1 - p)))
        // by NumPy.
        let config = Config { class_weights: Some(vec![1.0, 19.0].into()), ..Config::default() };
        let targets = BatchTargets::Classes(&[1, 0, 0]);
        let sum = config.sum_and_gradient(&[0.5, -1.0, 2.0], targets, &mut [0.0; 3])?;
        assert!((sum / 3.0 - 3.815_884_132_661_073_3).abs() < 1e-15, "{}", sum / 3.0);
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
    fn reports_mismatches() {
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
        for (weights, problem) in [
            (vec![1.0, 19.0], None),
            (vec![1.0], Some("must be 2 weights")),
            (vec![-1.0, 0.0], Some("negative")),
        ] {
            let config = Config { class_weights: Some(weights.into()), ..Config::default() };
            let found = problems(&config, Target::Class { classes: 2 }, 1);
            assert_eq!(found.len(), usize::from(problem.is_some()), "{found:?}");
            assert!(
                found.iter().all(|found| found.message.contains(problem.unwrap_or_default())),
                "{found:?}"
            );
        }
    }
}
