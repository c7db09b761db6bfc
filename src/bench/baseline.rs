//! Compares a result with a baseline, an earlier result.

use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Conditions, Inference, Report};
use crate::error::{Error, Result};
use crate::files;

/// The size limit of a baseline in bytes; a typical one has a few thousand.
const LIMIT: u64 = 1 << 20;

/// How much slower than the baseline a result may be, as a fraction: 0.1 is 10 %.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Allowance(pub f64);

/// Parses `10%` or `0.1`.
impl FromStr for Allowance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, divisor) = match text.strip_suffix('%') {
            Some(number) => (number.trim_end(), 100.0),
            None => (text, 1.0),
        };
        let number: f64 = number
            .parse()
            .map_err(|_| "expected a percentage or a fraction, such as 10% or 0.1".to_owned())?;
        if !number.is_finite() || number < 0.0 {
            return Err("must be 0 or more, such as 10% or 0.1".to_owned());
        }
        if divisor == 1.0 && number > 1.0 {
            return Err(format!("write {number}% for {number} percent, or a fraction from 0 to 1"));
        }
        Ok(Self(number / divisor))
    }
}

/// An earlier result, with which a new one is compared.
#[derive(Clone, Debug, Deserialize)]
pub struct Baseline {
    #[serde(flatten)]
    conditions: Conditions,
    us_per_sample: f64,
    inference: Inference,
}

/// The comparison of a result with its baseline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The baseline's training time per sample, in microseconds.
    pub us_per_sample: f64,
    /// The relative change of the training time; below 0 the new result is faster.
    pub change: f64,
    /// The largest allowed `change`.
    pub max_regression: Allowance,
    /// The baseline's inference times, which are shown but not checked.
    pub inference: Inference,
    /// Whether other processes disturbed the new result, so that a slowdown is inconclusive.
    pub disturbed: bool,
}

impl Baseline {
    /// Reads a file written by `taper bench --format json`.
    ///
    /// # Errors
    /// [`Error::Usage`] if `path` cannot be read or has a different format.
    pub fn read(path: &Path) -> Result<Self> {
        let text = files::read(path, LIMIT).map_err(|error| Error::Usage(format!("--baseline {error}")))?;
        Self::parse(path, &text)
    }

    /// Parses the content of such a file; `path` is only used in errors.
    ///
    /// # Errors
    /// [`Error::Usage`] if it has a different format.
    pub fn parse(path: &Path, text: &[u8]) -> Result<Self> {
        let refuse = |message: String| Error::Usage(format!("--baseline {}: {message}", path.display()));
        let baseline: Self = serde_json::from_slice(text)
            .map_err(|error| refuse(format!("not a result of `taper bench --format json`: {error}")))?;
        if !baseline.us_per_sample.is_finite() || baseline.us_per_sample <= 0.0 {
            return Err(refuse(format!("us_per_sample must be above 0, not {}", baseline.us_per_sample)));
        }
        Ok(baseline)
    }

    /// Checks that a result under `conditions` can be compared with this baseline.
    ///
    /// # Errors
    /// [`Error::Usage`] with the first condition that differs.
    pub fn check(&self, conditions: &Conditions) -> Result<()> {
        let (then, now) = (serde_json::json!(self.conditions), serde_json::json!(conditions));
        let fields = now.as_object().into_iter().flatten();
        for (name, now) in fields {
            let then = &then[name];
            if then != now {
                return Err(Error::Usage(format!(
                    "the baseline has a different {name}: {then} instead of {now}; measure a new one with --format json"
                )));
            }
        }
        Ok(())
    }

    /// Compares `report` with this baseline.
    #[must_use]
    pub fn compare(&self, report: &Report, max_regression: Allowance) -> Comparison {
        Comparison {
            us_per_sample: self.us_per_sample,
            change: report.us_per_sample / self.us_per_sample - 1.0,
            max_regression,
            inference: self.inference,
            disturbed: report.is_disturbed(),
        }
    }
}

impl Comparison {
    /// Checks that the new result is not too slow.
    ///
    /// # Errors
    /// [`Error::Gate`] with both times if it is too slow; [`Error::Inconclusive`] if other processes may be the cause.
    pub fn check(&self) -> Result<()> {
        if self.change <= self.max_regression.0 {
            return Ok(());
        }
        let message = format!(
            "{:.3} us per sample is {:.1} % slower than the baseline's {:.3} us; --max-regression allows {} %",
            self.us_per_sample * (1.0 + self.change),
            100.0 * self.change,
            self.us_per_sample,
            100.0 * self.max_regression.0,
        );
        if self.disturbed {
            return Err(Error::Inconclusive(format!(
                "{message}; but other processes kept the cores busy during the measurement"
            )));
        }
        Err(Error::Gate(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_is_a_fraction_or_a_percentage() {
        for (text, share) in
            [("10%", 0.1), ("0.1", 0.1), ("0", 0.0), ("1", 1.0), ("250 %", 2.5), ("2.5%", 0.025)]
        {
            assert_eq!(text.parse(), Ok(Allowance(share)), "{text}");
        }
        for (text, reason) in [
            ("10", "10%"),
            ("-1%", "0 or more"),
            ("-0.1", "0 or more"),
            ("nan", "0 or more"),
            ("inf%", "0 or more"),
            ("", "such as"),
            ("%", "such as"),
            ("ten", "such as"),
        ] {
            let error = text.parse::<Allowance>().unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn only_a_result_slower_than_allowed_fails() {
        let latency_us = super::super::Percentiles { median: 1.0, p10: 1.0, p90: 1.0 };
        let inference = Inference { latency_us, us_per_sample: 1.0, batch_size: 1 };
        let comparison = |change| Comparison {
            us_per_sample: 10.0,
            change,
            max_regression: Allowance(0.1),
            inference,
            disturbed: false,
        };
        assert!(comparison(0.1).check().is_ok());
        assert!(comparison(-0.5).check().is_ok());
        let error = comparison(0.25).check().unwrap_err();
        assert_eq!(error.exit_code(), 6);
        let text = error.to_string();
        for part in ["12.500 us", "25.0 % slower", "10.000 us", "allows 10 %"] {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
        let busy = Comparison { disturbed: true, ..comparison(0.25) }.check().unwrap_err();
        assert!(busy.exit_code() == 9 && busy.to_string().starts_with("inconclusive: 12.500 us"), "{busy}");
        assert!(Comparison { disturbed: true, ..comparison(0.1) }.check().is_ok());
        // NaN does not pass.
        assert!(comparison(f64::NAN).check().is_err());
    }
}
