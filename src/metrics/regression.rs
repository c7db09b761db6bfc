//! Mean absolute error, root mean squared error and R², as scikit-learn computes them.
//!
//! For errors d = z - y: MAE = mean |d|, RMSE = √(mean d²), R² = 1 - Σ d² / Σ (y - ȳ)². Several outputs are
//! scored one by one and averaged evenly (`multioutput="uniform_average"`). The spread of the targets is
//! updated sample by sample (Welford, 1962), which keeps it accurate if the targets are far from 0. All
//! sums are in f64.

use candle_core::Result;
use serde::{Deserialize, Serialize};

/// Sums over the samples seen so far, for each output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Residuals {
    samples: u64,
    outputs: Vec<Output>,
    /// For each output, a difference of 1 in the unit of the targets; 1 if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    units: Vec<f64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Output {
    /// Σ |d|
    absolute: f64,
    /// Σ d²
    squared: f64,
    /// ȳ
    mean: f64,
    /// Σ (y - ȳ)²
    spread: f64,
}

/// The scores of a split.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The mean absolute error, in the unit of the targets; 0 without samples.
    pub mae: f64,
    /// The root of the mean squared error, in the unit of the targets; 0 without samples.
    pub rmse: f64,
    /// The share of the targets' variance that is explained, at most 1. For constant targets it is 1 if all
    /// predictions are exact, otherwise 0. Below two samples it is NaN (null in JSON).
    pub r2: f64,
}

impl Residuals {
    /// Sums over no samples with `width` outputs each.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self { samples: 0, outputs: vec![Output::default(); width], units: Vec::new() }
    }

    /// The same for scaled outputs and targets: errors are reported in the unit of the targets, in which a
    /// difference of 1 is `units[i]`. Without units it is 1.
    #[must_use]
    pub fn in_units(self, units: &[f64]) -> Self {
        Self { units: units.to_vec(), ..self }
    }

    /// Whether these are the sums of exactly `samples` samples with `width` outputs.
    #[must_use]
    pub fn is_of(&self, width: usize, samples: u64) -> bool {
        (self.outputs.len(), self.samples) == (width, samples)
            && (self.units.is_empty() || self.units.len() == width)
    }

    /// Adds a batch of predictions and targets, both row by row `[samples, width]`.
    ///
    /// # Errors
    /// If the lengths do not match; then nothing is added.
    pub fn add<T: Copy + Into<f64>>(&mut self, predictions: &[T], targets: &[T]) -> Result<()> {
        let width = self.outputs.len();
        if predictions.len() != targets.len() || !targets.len().is_multiple_of(width) {
            candle_core::bail!(
                "{} predictions and {} targets for {width} outputs",
                predictions.len(),
                targets.len()
            );
        }
        let rows = |values| <[T]>::chunks_exact(values, width.max(1));
        for (predictions, targets) in rows(predictions).zip(rows(targets)) {
            self.samples += 1;
            let samples = self.samples as f64;
            for ((output, prediction), target) in self.outputs.iter_mut().zip(predictions).zip(targets) {
                let target: f64 = (*target).into();
                let error = (*prediction).into() - target;
                output.absolute += error.abs();
                output.squared += error * error;
                let distance = target - output.mean;
                output.mean += distance / samples;
                output.spread += distance * (target - output.mean);
            }
        }
        Ok(())
    }

    /// Adds the sums over other samples (Chan et al., 1979).
    ///
    /// # Errors
    /// If the widths differ.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if self.outputs.len() != other.outputs.len() {
            candle_core::bail!(
                "cannot add errors of {} outputs to {}",
                other.outputs.len(),
                self.outputs.len()
            );
        }
        let (mine, theirs) = (self.samples as f64, other.samples as f64);
        self.samples += other.samples;
        let share = theirs / (mine + theirs).max(1.0);
        for (output, more) in self.outputs.iter_mut().zip(&other.outputs) {
            output.absolute += more.absolute;
            output.squared += more.squared;
            let distance = more.mean - output.mean;
            output.mean += distance * share;
            output.spread += more.spread + distance * distance * mine * share;
        }
        Ok(())
    }

    /// The number of samples added.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// All scores.
    #[must_use]
    pub fn report(&self) -> Report {
        let samples = self.samples.max(1) as f64;
        let mean = |score: &dyn Fn(&Output, f64) -> f64| {
            let units = self.units.iter().copied().chain(std::iter::repeat(1.0));
            let scores = self.outputs.iter().zip(units).map(|(output, unit)| score(output, unit));
            scores.sum::<f64>() / self.outputs.len().max(1) as f64
        };
        Report {
            mae: mean(&|output, unit| unit * (output.absolute / samples)),
            rmse: mean(&|output, unit| unit * (output.squared / samples).sqrt()),
            r2: if self.samples < 2 { f64::NAN } else { mean(&|output, _| output.r2()) },
        }
    }
}

impl Output {
    fn r2(&self) -> f64 {
        match (self.squared == 0.0, self.spread == 0.0) {
            (true, _) => 1.0,
            (false, true) => 0.0,
            (false, false) => 1.0 - self.squared / self.spread,
        }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use super::*;

    fn errors(predictions: &[[f64; 1]], targets: &[[f64; 1]]) -> Result<Residuals> {
        let mut errors = Residuals::new(1);
        errors.add(predictions.as_flattened(), targets.as_flattened())?;
        Ok(errors)
    }

    #[test]
    fn agrees_with_a_case_computed_by_hand() -> Result<()> {
        let report = errors(&[[2.0], [2.0], [3.0]], &[[1.0], [2.0], [6.0]])?.report();
        assert!((report.mae - 4.0 / 3.0).abs() < 1e-15);
        assert!((report.rmse - (10.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        assert!((report.r2 - (1.0 - 10.0 / 14.0)).abs() < 1e-15);
        Ok(())
    }

    #[test]
    fn constant_targets_score_1_if_exact_and_otherwise_0() -> Result<()> {
        assert_eq!(errors(&[[0.1]; 3], &[[0.1]; 3])?.report().r2, 1.0);
        assert_eq!(errors(&[[0.2]; 3], &[[0.1]; 3])?.report().r2, 0.0);
        Ok(())
    }

    #[test]
    fn errors_of_scaled_targets_are_in_their_unit() -> Result<()> {
        // The targets 10, 30 and 2, 2 and their predictions, shifted by 20 and 2 and divided by 10 and 1.
        let mut plain = Residuals::new(2);
        plain.add(&[12.0, 2.5, 27.0, 2.0], &[10.0, 2.0, 30.0, 2.0])?;
        let plain = plain.report();
        let mut scaled = Residuals::new(2).in_units(&[10.0, 1.0]);
        scaled.add(&[-0.8, 0.5, 0.7, 0.0], &[-1.0, 0.0, 1.0, 0.0])?;
        let report = scaled.report();
        for (found, expected) in [(report.mae, plain.mae), (report.rmse, plain.rmse), (report.r2, plain.r2)] {
            assert!((found - expected).abs() < 1e-14, "{report:?} {plain:?}");
        }
        let saved = serde_json::to_string(&scaled).expect("finite numbers");
        assert_eq!(serde_json::from_str::<Residuals>(&saved).expect("what was saved"), scaled);
        assert!(scaled.is_of(2, 2) && !Residuals::new(2).in_units(&[1.0]).is_of(2, 0));
        Ok(())
    }

    #[test]
    fn a_single_sample_has_no_r2() -> Result<()> {
        let report = errors(&[[1.0]], &[[3.0]])?.report();
        assert!((report.mae, report.rmse) == (2.0, 2.0) && report.r2.is_nan(), "{report:?}");
        let report = Residuals::new(2).report();
        assert!((report.mae, report.rmse) == (0.0, 0.0) && report.r2.is_nan(), "{report:?}");
        Ok(())
    }

    #[test]
    fn targets_far_from_0_keep_their_spread() -> Result<()> {
        let far = |offset: f64| [[offset], [offset + 1.0], [offset + 2.0], [offset + 4.0]];
        let (near, far) = (errors(&far(0.5), &far(0.0))?, errors(&far(1e9 + 0.5), &far(1e9))?);
        assert_eq!(near.report().r2, far.report().r2);
        Ok(())
    }

    #[test]
    fn merging_and_restoring_agree_with_one_pass() -> Result<()> {
        let predictions = [[0.1], [0.7], [-3.3], [2.5], [1e-3]];
        let targets = [[0.3], [0.6], [-3.0], [2.0], [7.0 / 3.0]];
        let whole = errors(&predictions, &targets)?;
        let first = errors(&predictions[..2], &targets[..2])?;
        let saved = serde_json::to_string(&first).expect("finite numbers");
        let mut restored: Residuals = serde_json::from_str(&saved).expect("what was saved");
        assert_eq!(restored, first, "every bit is restored");
        restored.merge(&errors(&predictions[2..], &targets[2..])?)?;
        let (a, b) = (restored.report(), whole.report());
        assert_eq!(restored.samples(), 5);
        assert!((a.mae - b.mae).abs() < 1e-15 && (a.rmse - b.rmse).abs() < 1e-15);
        assert!((a.r2 - b.r2).abs() < 1e-14);
        let mut empty = Residuals::new(1);
        empty.merge(&Residuals::new(1))?;
        empty.merge(&whole)?;
        assert!((empty.report().r2 - b.r2).abs() < 1e-15);
        assert!(empty.merge(&Residuals::new(2)).is_err());
        Ok(())
    }

    #[test]
    fn refuses_lengths_that_do_not_match() {
        let mut errors = Residuals::new(2);
        assert!(errors.add(&[0_f32; 6], &[0.0; 3]).is_err());
        assert!(errors.add(&[0_f32; 3], &[0.0; 3]).is_err());
        assert!(Residuals::new(0).add(&[0_f32], &[0.0]).is_err());
        assert_eq!(errors.samples(), 0);
    }

    #[test]
    fn every_output_is_scored_by_itself() -> Result<()> {
        let mut errors = Residuals::new(2);
        errors.add(&[1_f32, 10.0, 2.0, 30.0], &[1.0, 14.0, 2.0, 30.0])?;
        let report = errors.report();
        assert_eq!((errors.samples(), report.mae, report.rmse), (2, 1.0, 8_f64.sqrt() / 2.0));
        assert_eq!(report.r2, f64::midpoint(1.0, 1.0 - 16.0 / 128.0));
        Ok(())
    }
}
