//! Compares the losses on plain slices with the same losses as tensors in f64, differentiated by candle.

use candle_core::{DType, Device, Result, Tensor, Var};
use serde_json::json;

use super::checks::value_and_gradient;
use super::{BatchTargets, Config};
use crate::random::{Purpose, Stream};

/// A loss with matching samples.
struct Case {
    config: Config,
    outputs: usize,
    logits: Vec<f32>,
    labels: Vec<u32>,
    values: Vec<f32>,
    /// The second labels, and the shares of the first ones.
    mixture: Option<(Vec<u32>, Vec<f32>)>,
}

impl Case {
    fn new(config: &serde_json::Value, samples: usize, outputs: usize) -> Self {
        let config: Config = serde_json::from_value(config.clone()).expect("a right config");
        let mut stream = Stream::new(5, Purpose::Data, [samples as u64, outputs as u64]);
        let mut normal = |n: usize| (0..n).map(|_| (3.0 * stream.normal()) as f32).collect::<Vec<_>>();
        let (logits, values) = (normal(samples * outputs), normal(samples * outputs));
        let labels = (0..samples).map(|_| stream.below(outputs.max(2) as u64) as u32).collect();
        Self { config, outputs, logits, labels, values, mixture: None }
    }

    fn targets(&self) -> BatchTargets<'_> {
        if let Some((others, shares)) = &self.mixture {
            BatchTargets::Mixed { labels: &self.labels, others, shares }
        } else if self.config.member().link().is_some() {
            BatchTargets::Classes(&self.labels)
        } else {
            BatchTargets::Values { values: &self.values, width: self.outputs }
        }
    }

    /// The sum and its gradient on slices; the previous contents of the gradient must not matter.
    fn found(&self) -> Result<(f64, Vec<f32>)> {
        let mut gradient = vec![7.0; self.logits.len()];
        let sum = self.config.member().sum_and_gradient(&self.logits, self.targets(), &mut gradient)?;
        Ok((sum, gradient))
    }

    /// The same with tensors in f64.
    fn expected(&self) -> Result<(f64, Vec<f64>)> {
        let shape = (self.logits.len() / self.outputs, self.outputs);
        let logits = Tensor::from_slice(&self.logits, shape, &Device::Cpu)?.to_dtype(DType::F64)?;
        let logits = Var::from_tensor(&logits)?;
        let targets = match self.targets() {
            BatchTargets::Values { values, .. } => {
                Tensor::from_slice(values, shape, &Device::Cpu)?.to_dtype(DType::F64)?
            }
            labels => labels.tensor(&Device::Cpu).expect("a small tensor"),
        };
        let sum = match &self.config {
            // Its `sum` shares the code under test.
            Config::cross_entropy(config) => config.reference(&logits, &targets)?,
            config => config.member().sum(&logits, &targets)?,
        };
        value_and_gradient(&sum, &logits)
    }

    fn check(&self) -> Result<()> {
        let (sum, gradient) = self.found()?;
        let (expected, slope) = self.expected()?;
        let name = format!("{:?}, {} outputs", self.config, self.outputs);
        assert!((sum - expected).abs() <= 1e-6 * expected.abs(), "{name}: {sum} {expected}");
        assert_eq!(gradient.len(), slope.len());
        for (found, expected) in gradient.into_iter().map(f64::from).zip(slope) {
            // In addition to 1e-6 of the value: the rounding in f32 of a probability, from which the target
            // is subtracted.
            assert!((found - expected).abs() <= 1e-6 * expected.abs() + 6e-8, "{name}: {found} {expected}");
        }
        Ok(())
    }
}

/// Every loss with its defaults, and its number of outputs per sample.
fn defaults() -> [(serde_json::Value, usize); 6] {
    [
        (json!({"cross_entropy": {}}), 3),
        (json!({"binary_cross_entropy": {}}), 1),
        (json!({"mse": {}}), 2),
        (json!({"mae": {}}), 2),
        (json!({"huber": {}}), 2),
        (json!({"quantile": {}}), 2),
    ]
}

#[test]
fn every_loss_is_tested() {
    let names = defaults().map(|(config, _)| Case::new(&config, 1, 1).config.name());
    assert_eq!(names, Config::NAMES);
}

#[test]
fn cross_entropy_over_slices_agrees_with_tensors() -> Result<()> {
    for (samples, classes) in [(1, 1), (1, 2), (7, 3), (32, 10), (3, 300)] {
        let weights: Vec<f64> = (0..classes).map(|class| f64::from(class % 4) * 0.5).collect();
        for options in [
            json!({}),
            json!({"label_smoothing": 0.1}),
            json!({"class_weights": weights}),
            json!({"label_smoothing": 0.3, "class_weights": weights}),
        ] {
            let mut case = Case::new(&json!({"cross_entropy": options}), samples, classes as usize);
            case.labels.iter_mut().for_each(|label| *label %= classes as u32);
            case.check()?;
        }
    }
    Ok(())
}

#[test]
fn binary_cross_entropy_over_slices_agrees_with_tensors() -> Result<()> {
    for samples in [1, 6, 32] {
        for options in [
            json!({}),
            json!({"label_smoothing": 0.2}),
            json!({"class_weights": [1, 19]}),
            json!({"label_smoothing": 0.2, "class_weights": [0.5, 0]}),
        ] {
            Case::new(&json!({"binary_cross_entropy": options}), samples, 1).check()?;
        }
    }
    Ok(())
}

#[test]
fn the_loss_of_a_mixture_is_the_weighted_sum_of_both_losses() -> Result<()> {
    for (config, outputs) in [
        (json!({"cross_entropy": {}}), 3),
        (json!({"cross_entropy": {"label_smoothing": 0.1, "class_weights": [0.5, 2.0, 1.0]}}), 3),
        (json!({"binary_cross_entropy": {}}), 1),
        (json!({"binary_cross_entropy": {"label_smoothing": 0.2, "class_weights": [0.5, 3.0]}}), 1),
    ] {
        // Also two equal labels, and shares of a half and of 1.
        let (labels, others, shares) = ([0, 1, 1, 0], [1, 0, 1, 1], [0.7, 0.5, 0.9, 1.0]);
        let with = |labels: &[u32]| {
            let mut case = Case::new(&config, 4, outputs);
            case.labels = labels.to_vec();
            case
        };
        let mut mixed = with(&labels);
        mixed.mixture = Some((others.to_vec(), shares.to_vec()));
        mixed.check()?;
        let (sum, gradient) = mixed.found()?;
        let mut expected = 0.0;
        for i in 0..4 {
            let row = i * outputs..(i + 1) * outputs;
            for (label, share) in [(labels[i], shares[i]), (others[i], 1.0 - shares[i])] {
                let mut alone = with(&[label]);
                alone.logits = mixed.logits[row.clone()].to_vec();
                expected += f64::from(share) * alone.found()?.0;
            }
            let [own, other] = [labels[i], others[i]].map(|label| {
                let mut alone = with(&[label]);
                alone.logits = mixed.logits[row.clone()].to_vec();
                alone.found().expect("a loss").1
            });
            for ((found, own), other) in gradient[row.clone()].iter().zip(own).zip(other) {
                assert!((found - (shares[i] * own + (1.0 - shares[i]) * other)).abs() < 1e-6, "{config}");
            }
        }
        assert!((sum - expected).abs() < 1e-6, "{config}: {sum} {expected}");
    }
    Ok(())
}

#[test]
fn losses_for_numbers_over_slices_agree_with_tensors() -> Result<()> {
    let huber = [0.01, 0.5, 1.0, 4.0].map(|delta| json!({"huber": {"delta": delta}}));
    let quantile = [0.01, 0.5, 0.9].map(|quantile| json!({"quantile": {"quantile": quantile}}));
    for config in [json!({"mse": {}}), json!({"mae": {}})].iter().chain(&huber).chain(&quantile) {
        for (samples, outputs) in [(1, 1), (5, 3), (32, 10)] {
            let mut case = Case::new(config, samples, outputs);
            case.check()?;
            case.values[0] = case.logits[0];
            case.check()?;
        }
    }
    Ok(())
}

#[test]
fn a_nan_logit_is_not_hidden() -> Result<()> {
    for (config, outputs) in defaults() {
        let mut case = Case::new(&config, 4, outputs);
        case.logits[outputs] = f32::NAN;
        let (sum, gradient) = case.found()?;
        assert!(sum.is_nan() && gradient[outputs].is_nan(), "{config}: {sum} {gradient:?}");
        assert!(gradient[0].is_finite(), "{config}: the other samples are unaffected");
    }
    Ok(())
}

#[test]
fn huge_logits_give_finite_sums_and_gradients() -> Result<()> {
    for (config, outputs) in defaults() {
        let mut case = Case::new(&config, 2, outputs);
        // For `mse`, twice an error must still be an f32.
        case.logits.fill(1e38);
        case.logits[outputs] = -1e38;
        let (sum, gradient) = case.found()?;
        assert!(sum.is_finite() && gradient.iter().all(|g| g.is_finite()), "{config}: {sum} {gradient:?}");
    }
    Ok(())
}

#[test]
fn the_loss_of_no_samples_is_0() -> Result<()> {
    for (config, outputs) in defaults() {
        assert_eq!(Case::new(&config, 0, outputs).found()?, (0.0, Vec::new()));
    }
    Ok(())
}

#[test]
fn a_mismatch_is_an_error_not_a_panic() {
    for (config, outputs) in defaults() {
        let case = Case::new(&config, 2, outputs);
        let fails = |logits: usize, targets: BatchTargets<'_>, gradient: usize| {
            let logits = vec![0.5; logits];
            case.config.member().sum_and_gradient(&logits, targets, &mut vec![0.0; gradient]).is_err()
        };
        let size = 2 * outputs;
        assert!(!fails(size, case.targets(), size), "{config}");
        assert!(fails(size, case.targets(), size - 1), "{config}: the gradient is too short");
        assert!(fails(size + 1, case.targets(), size + 1), "{config}: there is one logit too many");
        assert!(fails(0, case.targets(), 0), "{config}: there are no logits");
        let other = match case.targets() {
            BatchTargets::Classes(_) | BatchTargets::Mixed { .. } => {
                BatchTargets::Values { values: &case.values, width: outputs }
            }
            BatchTargets::Values { .. } => BatchTargets::Classes(&case.labels),
        };
        assert!(fails(size, other, size), "{config}: the targets are of the other kind");
        let impossible = BatchTargets::Classes(&[0, 3]);
        assert!(fails(size, impossible, size), "{config}: class 3 is out of range");
        let uneven = BatchTargets::Values { values: &case.values, width: 0 };
        assert!(fails(size, uneven, size), "{config}: the width is wrong");
    }
    let weighted = Case::new(&json!({"cross_entropy": {"class_weights": [1.0, 2.0]}}), 2, 3);
    assert!(weighted.found().is_err(), "two weights for three classes");
    let weighted = Case::new(&json!({"binary_cross_entropy": {"class_weights": [1.0]}}), 2, 1);
    assert!(weighted.found().is_err(), "one weight for two classes");
}
