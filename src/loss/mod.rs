//! Loss functions: one file per loss function, selected by `[loss.NAME]`.
//!
//! ```
//! use taper::data::BatchTargets;
//! use taper::loss::Config;
//!
//! # fn main() -> taper::Result<()> {
//! let (predicted, targets) = ([1.0, 3.0], BatchTargets::Values { values: &[0.0, 3.0], width: 1 });
//! let mut gradient = [0.0; 2];
//! let sum = Config::mse(Default::default()).member().sum_and_gradient(&predicted, targets, &mut gradient)?;
//! assert_eq!((sum, gradient), (1.0, [2.0, 0.0]));
//! # Ok(())
//! # }
//! ```

pub mod binary_cross_entropy;
pub mod class_weights;
pub mod cross_entropy;
mod exponential;
pub mod huber;
mod labels;
pub mod mae;
pub mod mse;
pub mod quantile;

#[cfg(test)]
mod parity;

use candle_core::{D, Tensor};

use crate::config::{Problems, registry};
use crate::data::{BatchTargets, Target};
use crate::ops::Activation;
use crate::wording::counted;

registry! {
    /// `[loss.NAME]`: the loss function, which training minimizes.
    Config: Loss {
        cross_entropy, binary_cross_entropy, mse, mae, huber, quantile
    }
}

/// The config of a loss function.
pub trait Loss {
    /// Reports if it does not match the target of the data set; `outputs` is the number of outputs of the
    /// last layer per sample.
    fn validate(&self, target: Target, outputs: usize, problems: &mut Problems<'_>);

    /// The function that turns the network's outputs (logits) into predictions. The loss includes it for
    /// numerical accuracy; a last layer with this activation does not apply it twice.
    fn link(&self) -> Option<Activation>;

    /// The same loss with factors of classes that follow from the `labels` of the training samples, which are below `classes`;
    /// `None` if it has no such factors.
    fn resolved(&self, _labels: &mut dyn Iterator<Item = u32>, _classes: usize) -> Option<Config> {
        None
    }

    /// The sum of the losses of all samples, a scalar. Training divides it by the number of samples.
    ///
    /// `logits` is `[batch, outputs]`; `targets` is `[batch]` of `u32` labels for classes, `[batch, 3]` of numbers
    /// for mixtures (two labels and the share of the first), or `[batch, width]` of the logits' type for values.
    ///
    /// # Errors
    /// If candle returns an error.
    fn sum(&self, logits: &Tensor, targets: &Tensor) -> candle_core::Result<Tensor>;

    /// Returns the sum of the losses of all samples and writes its gradient with respect to `logits` to
    /// `gradient`, which has the same length. Equals [`sum`](Self::sum), but without tensors: it computes
    /// in f64 and allocates nothing.
    ///
    /// `logits` is `[samples, outputs]` row by row.
    ///
    /// # Errors
    /// If the lengths do not match, a label is not a class, or `targets` is of the wrong kind for this
    /// loss. `gradient` may then be partly overwritten.
    fn sum_and_gradient(
        &self,
        logits: &[f32],
        targets: BatchTargets<'_>,
        gradient: &mut [f32],
    ) -> candle_core::Result<f64>;
}

/// The requirements of all losses for numeric targets.
fn validate_values(loss: &str, target: Target, outputs: usize, problems: &mut Problems<'_>) {
    match target {
        Target::Value { width } if width == outputs => {}
        Target::Value { width } => problems.report_with_help(
            format!(
                "the last layer has {} for {}",
                counted(outputs, "output"),
                counted(width, "target value")
            ),
            format!("set `units = {width}` in the last `dense` layer"),
        ),
        Target::Class { classes } => problems.report_with_help(
            format!("{loss} needs numeric targets, but this data set has {}", counted(classes, "class")),
            if classes == 2 {
                "use `binary_cross_entropy` or `cross_entropy`"
            } else {
                "use `cross_entropy`"
            },
        ),
    }
}

/// The mean over the outputs of each sample, summed over the samples.
fn sum_of_means(losses: &Tensor) -> candle_core::Result<Tensor> {
    losses.sum_all()? / losses.dim(D::Minus1)? as f64
}

/// [`Loss::sum_and_gradient`] of all losses for numeric targets: `error` returns the loss of an output and
/// its derivative from the difference between prediction and target.
fn sum_of_errors(
    logits: &[f32],
    targets: BatchTargets<'_>,
    gradient: &mut [f32],
    error: impl Fn(f64) -> (f64, f64),
) -> candle_core::Result<f64> {
    let BatchTargets::Values { values, width } = targets else {
        candle_core::bail!("class labels for a loss that takes numbers");
    };
    if values.len() != logits.len() || gradient.len() != logits.len() || !values.len().is_multiple_of(width) {
        candle_core::bail!(
            "{} outputs for {} target values, {width} per sample, and a gradient of length {}",
            logits.len(),
            values.len(),
            gradient.len()
        );
    }
    let mut sum = 0.0;
    for ((logit, value), slot) in logits.iter().zip(values).zip(gradient) {
        let (loss, slope) = error(f64::from(*logit) - f64::from(*value));
        sum += loss;
        *slot = (slope / width as f64) as f32;
    }
    Ok(sum / width.max(1) as f64)
}

/// Helpers for the tests of all losses.
#[cfg(test)]
mod checks {
    use super::{Loss, Target, Tensor};
    use crate::config::{Problem, Problems};

    /// The value of a scalar loss and its gradient with respect to `input`, in f64.
    pub fn value_and_gradient(loss: &Tensor, input: &Tensor) -> candle_core::Result<(f64, Vec<f64>)> {
        let gradients = loss.backward()?;
        let Some(gradient) = gradients.get(input) else { candle_core::bail!("no gradient") };
        let double = |tensor: &Tensor| tensor.flatten_all()?.to_dtype(candle_core::DType::F64)?.to_vec1();
        Ok((double(loss)?[0], double(gradient)?))
    }

    /// The problems that `loss` reports for a target and a number of outputs.
    pub fn problems(loss: &dyn Loss, target: Target, outputs: usize) -> Vec<Problem> {
        let mut found = Vec::new();
        loss.validate(target, outputs, &mut Problems::new(&mut found));
        found
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Result, Var};

    use super::checks::{problems, value_and_gradient};
    use super::*;

    fn default(name: &str) -> Config {
        serde_json::from_value(serde_json::json!({ name: {} })).expect("the defaults make a config")
    }

    /// Outputs, their shape, and matching targets, away from the kinks of the loss.
    type Example = (Vec<f64>, (usize, usize), Tensor, Target);

    fn example(config: &Config) -> Result<Example> {
        let outputs = vec![0.7, -1.3, 2.2, 0.1, -0.4, 1.9];
        Ok(match config {
            Config::cross_entropy(_) => {
                (outputs, (2, 3), Tensor::new(&[2_u32, 0], &Device::Cpu)?, Target::Class { classes: 3 })
            }
            Config::binary_cross_entropy(_) => (
                outputs,
                (6, 1),
                Tensor::new(&[1_u32, 0, 1, 1, 0, 0], &Device::Cpu)?,
                Target::Class { classes: 2 },
            ),
            Config::mse(_) | Config::mae(_) | Config::huber(_) | Config::quantile(_) => (
                outputs,
                (3, 2),
                Tensor::new(&[[0.0, 1.0], [-2.0, 0.5], [0.5, 0.25]], &Device::Cpu)?,
                Target::Value { width: 2 },
            ),
        })
    }

    #[test]
    fn every_gradient_agrees_with_finite_differences() -> Result<()> {
        for name in Config::NAMES {
            let config = default(name);
            let (outputs, shape, targets, _) = example(&config)?;
            let tensor = |values: &[f64]| Tensor::from_slice(values, shape, &Device::Cpu);
            let value = |values: &[f64]| config.member().sum(&tensor(values)?, &targets)?.to_scalar::<f64>();
            let input = Var::from_tensor(&tensor(&outputs)?)?;
            let (_, gradient) = value_and_gradient(&config.member().sum(&input, &targets)?, &input)?;
            for i in 0..outputs.len() {
                let shifted = |by: f64| {
                    let mut shifted = outputs.clone();
                    shifted[i] += by;
                    value(&shifted)
                };
                let slope = (shifted(1e-5)? - shifted(-1e-5)?) / 2e-5;
                assert!((slope - gradient[i]).abs() < 1e-9, "{name}[{i}]: {slope} {}", gradient[i]);
            }
        }
        Ok(())
    }

    #[test]
    fn every_loss_is_a_sum_over_samples() -> Result<()> {
        for name in Config::NAMES {
            let config = default(name);
            let (outputs, shape, targets, target) = example(&config)?;
            let outputs = Tensor::from_slice(&outputs, shape, &Device::Cpu)?;
            assert!(problems(config.member(), target, shape.1).is_empty(), "{name}");
            let whole = config.member().sum(&outputs, &targets)?.to_scalar::<f64>()?;
            let mut parts = 0.0;
            for i in 0..shape.0 {
                let part = config.member().sum(&outputs.narrow(0, i, 1)?, &targets.narrow(0, i, 1)?)?;
                parts += part.to_scalar::<f64>()?;
            }
            assert!((whole - parts).abs() < 1e-12, "{name}: {whole} {parts}");
        }
        Ok(())
    }

    #[test]
    fn losses_for_numbers_report_mismatches() {
        for name in ["mse", "mae", "huber", "quantile"] {
            let config = default(name);
            assert!(problems(config.member(), Target::Value { width: 3 }, 3).is_empty());
            for (target, outputs) in [(Target::Value { width: 3 }, 1), (Target::Class { classes: 2 }, 2)] {
                let found = problems(config.member(), target, outputs);
                assert!(found.len() == 1 && found[0].help.is_some(), "{name}: {found:?}");
            }
            let targets = Tensor::zeros(4, candle_core::DType::F32, &Device::Cpu).expect("zeros");
            let outputs = Tensor::zeros((4, 1), candle_core::DType::F32, &Device::Cpu).expect("zeros");
            assert!(config.member().sum(&outputs, &targets).is_err(), "{name}: shapes must match");
        }
    }
}
