//! Cross-entropy between the predicted class probabilities and the target class.
//!
//! For logits z and class c: `-log softmax(z)[c]`. With label smoothing ε over K classes the target is 1 -
//! ε + ε/K for the target class and ε/K for the others (Szegedy et al., 2016); class weights multiply each
//! target's term. The mean divides by the number of samples, with or without class weights (as in Keras;
//! PyTorch divides by the sum of the weights).
//!
//! The gradient is p Σt - t for probabilities p and targets t.

use candle_core::{D, DType, Error, Result, Tensor, WithDType};
use serde::{Deserialize, Serialize};

use super::Loss;
use super::class_weights::ClassWeights;
use super::exponential::exp;
use super::labels::{Labels, Stored, parts};
use crate::config::Problems;
use crate::data::{BatchTargets, Target};
use crate::ops::Activation;
use crate::ops::slices::values;
use crate::ops::{Output, record};
use crate::wording::counted;

/// Powers that are computed together.
const TOGETHER: usize = 16;

/// `[loss.cross_entropy]`: for one of several classes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The share of each target that is spread evenly over all classes.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub label_smoothing: f64,
    /// A factor for each class, by index, or "balanced" for n / (K `n_c`), with `n_c` of n training samples of K classes; all 1 by default.
    pub class_weights: Option<ClassWeights>,
}

impl Loss for Config {
    fn validate(&self, target: Target, outputs: usize, problems: &mut Problems<'_>) {
        match target {
            Target::Class { classes } => {
                if let Some(weights) = self.list()
                    && weights.len() != classes
                {
                    problems.key("class_weights").report(format!(
                        "{} for {}",
                        counted(weights.len(), "weight"),
                        counted(classes, "class")
                    ));
                }
                if outputs != classes && classes == 1 {
                    problems.report_with_help(
                        "this data set has only one class",
                        "a classifier needs samples of two classes or more",
                    );
                } else if outputs != classes {
                    let binary =
                        if (outputs, classes) == (1, 2) { ", or use `binary_cross_entropy`" } else { "" };
                    problems.report_with_help(
                        format!(
                            "the last layer has {} for {}",
                            counted(outputs, "output"),
                            counted(classes, "class")
                        ),
                        format!("set `units = {classes}` in the last `dense` layer{binary}"),
                    );
                }
            }
            Target::Value { .. } => problems.report_with_help(
                "cross_entropy needs classes, but the targets of this data set are numbers",
                "use `mse`, `mae`, `huber` or `quantile`",
            ),
        }
        if let Some(weights) = &self.class_weights {
            weights.validate(&mut problems.key("class_weights"));
        }
    }

    fn resolved(&self, labels: &mut dyn Iterator<Item = u32>, classes: usize) -> Option<super::Config> {
        let class_weights = Some(self.class_weights.as_ref()?.resolve(labels, classes));
        Some(super::Config::cross_entropy(Self { class_weights, ..self.clone() }))
    }

    fn link(&self) -> Option<Activation> {
        Some(Activation::Softmax)
    }

    fn sum(&self, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        match logits.dtype() {
            DType::F32 if logits.device().is_cpu() => self.one_pass::<f32>(logits, targets),
            DType::F64 if logits.device().is_cpu() => self.one_pass::<f64>(logits, targets),
            _ => self.reference(logits, targets),
        }
    }

    fn sum_and_gradient(
        &self,
        logits: &[f32],
        targets: BatchTargets<'_>,
        gradient: &mut [f32],
    ) -> Result<f64> {
        let (labels, classes) = Labels::of(logits, targets, gradient)?;
        if labels.is_empty() {
            return Ok(0.0); // without a row, the number of classes is unknown
        }
        self.rows(logits, classes, labels, gradient)
    }
}

impl Config {
    fn list(&self) -> Option<&[f64]> {
        self.class_weights.as_ref()?.list()
    }

    /// The formula as tensor operations, for any device. candle propagates a gradient through the maximum
    /// inside `log_softmax`; it is 0 up to rounding.
    pub(super) fn reference(&self, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        let classes = logits.dim(D::Minus1)?;
        let log_probabilities = candle_nn::ops::log_softmax(logits, D::Minus1)?; // [batch, classes]
        let weighted = match self.list() {
            Some(weights) => {
                let weights = Tensor::new(weights, logits.device())?.to_dtype(logits.dtype())?;
                log_probabilities.broadcast_mul(&weights)?
            }
            None => log_probabilities,
        };
        let mut right = Tensor::zeros((), logits.dtype(), logits.device())?;
        for (labels, share) in parts(targets)? {
            let own = weighted.gather(&labels.unsqueeze(D::Minus1)?, D::Minus1)?.flatten_all()?;
            let own = match share {
                Some(share) => (own * share.to_dtype(logits.dtype())?)?,
                None => own,
            };
            right = (right + own.sum_all()?)?;
        }
        let smoothing = self.label_smoothing;
        if smoothing == 0.0 {
            return right.neg();
        }
        let spread = (weighted.sum_all()? * (smoothing / classes as f64))?;
        ((right * (1.0 - smoothing))? + spread)?.neg()
    }

    /// The same on the CPU, with value and gradient computed in one pass instead of some thirty small
    /// tensors.
    fn one_pass<T: WithDType>(&self, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        let (samples, classes) = logits.dims2()?;
        let labels = Stored::read(targets)?;
        if targets.dim(0)? != samples {
            candle_core::bail!("{} labels for {samples} samples", targets.dim(0)?);
        }
        let contiguous = logits.contiguous()?;
        let (storage, layout) = contiguous.storage_and_layout();
        let mut gradient = vec![T::from_f64(0.0); samples * classes];
        let loss = self.rows(values::<T>(&storage, layout)?, classes, labels.labels(), &mut gradient)?;
        drop(storage);

        let gradient = Tensor::from_vec(gradient, (samples, classes), logits.device())?;
        let loss = Output::Values(T::to_cpu_storage_owned(vec![T::from_f64(loss)]), ().into());
        record("cross_entropy", [logits], loss, move |_, _, upstream| {
            Ok([Some(gradient.broadcast_mul(upstream)?)])
        })
    }

    /// The sum of the rows' losses, and its gradient. Sums are in f64.
    fn rows<T: WithDType>(
        &self,
        logits: &[T],
        classes: usize,
        labels: Labels<'_>,
        gradient: &mut [T],
    ) -> Result<f64> {
        let weights = self.list();
        if let Some(weights) = weights
            && weights.len() != classes
        {
            candle_core::bail!("{} class weights for {classes} outputs", weights.len());
        }
        let even = self.label_smoothing / classes as f64;
        let spread = |class: usize| {
            weights.map_or(even, |weights| weights[class] * self.label_smoothing / classes as f64)
        };
        let mut loss = 0.0;
        let rows = logits.chunks_exact(classes.max(1)).zip(gradient.chunks_exact_mut(classes.max(1)));
        for ((row, gradient), parts) in rows.zip(labels.parts()) {
            let [(first, first_share), (second, rest)] = parts;
            if first.max(second) >= classes {
                return Err(Error::Msg(format!("label {} for {classes} outputs", first.max(second))));
            }
            let own = |label: usize, share: f64| {
                (1.0 - self.label_smoothing) * weights.map_or(1.0, |weights| weights[label]) * share
            };
            let right = spread(first) + own(first, first_share);
            // Of another label in a mixture; its loss is added at the end.
            let other = own(second, rest);
            let target = |class: usize| if class == first { right } else { spread(class) };
            let total_target = (0..classes).map(target).sum::<f64>() + other;

            let largest = row.iter().map(|z| z.to_f64()).fold(f64::NEG_INFINITY, f64::max);
            let mut sum = 0.0;
            for (row, gradient) in row.chunks(TOGETHER).zip(gradient.chunks_mut(TOGETHER)) {
                let mut powers = [0.0; TOGETHER];
                powers.iter_mut().zip(row).for_each(|(power, z)| *power = exp(z.to_f64() - largest));
                for (power, slot) in powers.iter().zip(gradient) {
                    sum += power;
                    *slot = T::from_f64(*power); // until the sum is known
                }
            }
            let log_sum = largest + libm::log(sum);
            let share = total_target / sum;
            for (class, (z, slot)) in row.iter().zip(gradient.iter_mut()).enumerate() {
                let target = target(class);
                if target != 0.0 {
                    loss += target * (log_sum - z.to_f64());
                }
                *slot = T::from_f64(slot.to_f64() * share - target);
            }
            if other != 0.0 {
                loss += other * (log_sum - row[second].to_f64());
                gradient[second] = T::from_f64(gradient[second].to_f64() - other);
            }
        }
        Ok(loss)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::loss::checks::{problems, value_and_gradient};

    fn configs() -> [Config; 4] {
        let class_weights = Some(vec![0.5, 2.0, 1.0, 0.0].into());
        [
            Config::default(),
            Config { label_smoothing: 0.1, class_weights: None },
            Config { label_smoothing: 0.0, class_weights: class_weights.clone() },
            Config { label_smoothing: 0.3, class_weights },
        ]
    }

    #[test]
    fn one_pass_agrees_with_the_reference() -> Result<()> {
        let logits = [[0.3, -1.0, 2.0, 2.0], [50.0, -50.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]];
        let targets = Tensor::new(&[2_u32, 1, 3], &Device::Cpu)?;
        for config in configs() {
            let logits = Var::new(&logits, &Device::Cpu)?;
            let (value, gradient) = value_and_gradient(&config.sum(&logits, &targets)?, &logits)?;
            let (expected, slope) = value_and_gradient(&config.reference(&logits, &targets)?, &logits)?;
            assert!((value - expected).abs() < 1e-12 * expected.abs(), "{config:?}: {value} {expected}");
            for (a, b) in gradient.iter().zip(&slope) {
                assert!((a - b).abs() < 1e-14, "{config:?}: {gradient:?} {slope:?}");
            }
        }
        Ok(())
    }

    #[test]
    fn huge_logits_give_finite_values_and_nan_is_not_hidden() -> Result<()> {
        let config = Config::default();
        let targets = Tensor::new(&[1_u32], &Device::Cpu)?;
        let logits = Var::new(&[[3e38_f32, -3e38]], &Device::Cpu)?;
        let (_, gradient) = value_and_gradient(&config.sum(&logits, &targets)?, &logits)?;
        assert_eq!(gradient, [1.0, -1.0]);
        let logits = Var::new(&[[f32::NAN, 1.0]], &Device::Cpu)?;
        assert!(config.sum(&logits, &targets)?.to_scalar::<f32>()?.is_nan());
        Ok(())
    }

    #[test]
    fn label_255_is_not_special() -> Result<()> {
        let logits = Tensor::zeros((1, 300), DType::F32, &Device::Cpu)?;
        let targets = Tensor::new(&[255_u32], &Device::Cpu)?;
        for loss in
            [Config::default().sum(&logits, &targets)?, Config::default().reference(&logits, &targets)?]
        {
            assert!((loss.to_scalar::<f32>()? - libm::logf(300.0)).abs() < 1e-5);
        }
        Ok(())
    }

    #[test]
    fn a_label_out_of_range_is_an_error_not_a_panic() -> Result<()> {
        let logits = Tensor::zeros((1, 3), DType::F32, &Device::Cpu)?;
        assert!(Config::default().sum(&logits, &Tensor::new(&[3_u32], &Device::Cpu)?).is_err());
        assert!(Config::default().sum(&logits, &Tensor::new(&[0_u32, 1], &Device::Cpu)?).is_err());
        Ok(())
    }

    #[test]
    fn reports_mismatches() {
        let [plain, _, weighted, _] = configs();
        let classes = Target::Class { classes: 4 };
        assert!(problems(&plain, classes, 4).is_empty());
        assert!(problems(&weighted, classes, 4).is_empty());
        assert_eq!(problems(&plain, classes, 5).len(), 1);
        assert_eq!(problems(&weighted, Target::Class { classes: 3 }, 3).len(), 1);
        assert_eq!(problems(&plain, Target::Value { width: 4 }, 4).len(), 1);
        let negative = Config { class_weights: Some(vec![1.0, -1.0].into()), ..plain.clone() };
        assert_eq!(
            problems(&negative, Target::Class { classes: 2 }, 2)[0].path.to_string(),
            "class_weights[1]"
        );
        let help = problems(&plain, Target::Class { classes: 2 }, 1)[0].help.clone();
        assert!(help.is_some_and(|help| help.contains("binary_cross_entropy")));
    }
}
