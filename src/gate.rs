//! `[gate]`: conditions that a run must meet at its end, for CI.
//!
//! ```
//! let gate: taper::internals::gate::Config = toml::from_str("'test.accuracy' = '>= 0.97'")?;
//! assert!(gate.check(|_| Some(0.98)).is_ok());
//! let error = gate.check(|_| Some(0.9)).unwrap_err();
//! assert_eq!(error.to_string(), "gate failed: test.accuracy is 0.9, not >= 0.97");
//! # Ok::<(), toml::de::Error>(())
//! ```

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Problems;
use crate::error::{Error, Result};
use crate::events::Verdict;
use crate::metrics;

/// `[gate]`: `"metric" = "comparison number"`, such as `"validation.accuracy" = ">= 0.97"`.
/// If a condition does not hold at the end of training, `taper train` exits with code 6; `taper eval` checks the
/// conditions on the split that it evaluates.
/// The metrics are `loss`; for classification `accuracy` and the macro averages `precision`, `recall` and `f1`, with
/// two classes also `roc_auc` and `pr_auc`, except on `train`; for regression `mae`, `rmse` and `r2`.
/// For classification there are also `log_loss`, `matthews`, `calibration_error` and, with more than 5 classes,
/// `top_k_accuracy` (k = 5), except on `train`; a run measures them only if a condition or a `monitor` names them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Config(BTreeMap<String, String>);

impl Config {
    /// Reports conditions that cannot be parsed and metrics that are not measured.
    pub fn validate(&self, measured: &[String], problems: &mut Problems<'_>) {
        for (name, condition) in &self.0 {
            let mut place = problems.key(name);
            metrics::check_name(name, measured, &mut place);
            if Condition::parse(condition).is_none() {
                place.report_with_help(
                    format!("`{condition}` is not a condition"),
                    "write a comparison and a number, such as \">= 0.97\"",
                );
            }
        }
    }

    /// The metrics in the conditions.
    pub fn metrics(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The verdict on every condition for these values.
    #[must_use]
    pub fn judge(&self, value: impl Fn(&str) -> Option<f64>) -> Vec<Verdict> {
        let verdict = |(metric, condition): (&String, &String)| {
            let value = value(metric);
            let passed = value.zip(Condition::parse(condition)).is_some_and(|(value, c)| c.holds(value));
            Verdict { metric: metric.clone(), condition: condition.clone(), value, passed }
        };
        self.0.iter().map(verdict).collect()
    }

    /// Checks every condition on the run's final values.
    ///
    /// # Errors
    /// [`Error::Gate`] with all conditions that do not hold.
    pub fn check(&self, value: impl Fn(&str) -> Option<f64>) -> Result<()> {
        require(&self.judge(value))
    }
}

/// Checks that all conditions hold.
///
/// # Errors
/// [`Error::Gate`] with those that do not.
pub fn require(verdicts: &[Verdict]) -> Result<()> {
    let failed: Vec<String> = verdicts
        .iter()
        .filter(|verdict| !verdict.passed)
        .map(|verdict| format!("{} is {}, not {}", verdict.metric, verdict.found(), verdict.condition))
        .collect();
    if failed.is_empty() { Ok(()) } else { Err(Error::Gate(failed.join("; "))) }
}

impl Verdict {
    /// The value with five significant digits, or with all digits if rounding would change the verdict; `not measured`
    /// without a value.
    #[must_use]
    pub fn found(&self) -> String {
        self.value.map_or_else(|| "not measured".to_owned(), |value| shown(value, &self.condition))
    }
}

fn shown(value: f64, condition: &str) -> String {
    let rounded: f64 = format!("{value:.4e}").parse().unwrap_or(value);
    let same = Condition::parse(condition).is_some_and(|c| c.holds(rounded) == c.holds(value));
    if same { rounded } else { value }.to_string()
}

/// Collects metrics with their conditions.
impl FromIterator<(String, String)> for Config {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(conditions: T) -> Self {
        Self(conditions.into_iter().collect())
    }
}

struct Condition {
    holds: fn(&f64, &f64) -> bool,
    limit: f64,
}

impl Condition {
    fn parse(text: &str) -> Option<Self> {
        type Comparison = (&'static str, fn(&f64, &f64) -> bool);
        let text = text.trim();
        let comparisons: [Comparison; 4] = [(">=", f64::ge), ("<=", f64::le), (">", f64::gt), ("<", f64::lt)];
        let (holds, number) =
            comparisons.iter().find_map(|(symbol, holds)| Some((*holds, text.strip_prefix(symbol)?)))?;
        let limit: f64 = number.trim().parse().ok()?;
        limit.is_finite().then_some(Self { holds, limit })
    }

    fn holds(&self, value: f64) -> bool {
        (self.holds)(&value, &self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(condition: &str) -> Config {
        Config::from_iter([("test.accuracy".to_owned(), condition.to_owned())])
    }

    #[test]
    fn a_condition_compares_the_final_value() {
        let value = |_: &str| Some(0.97);
        assert!(gate(">= 0.97").check(value).is_ok());
        assert!(gate("> 0.97").check(value).is_err());
        assert!(gate("<1").check(value).is_ok());
    }

    #[test]
    fn a_condition_fails_on_nan_and_without_a_value() {
        assert!(gate(">= 0.97").check(|_| Some(f64::NAN)).is_err());
        let error = gate(">= 0.97").check(|_| None).unwrap_err();
        assert_eq!(error.to_string(), "gate failed: test.accuracy is not measured, not >= 0.97");
        assert_eq!(error.exit_code(), 6);
    }

    #[test]
    fn five_digits_are_shown_unless_they_contradict_the_verdict() {
        assert_eq!(shown(0.791_666_666_666_666_6, ">= 0.5"), "0.79167");
        assert_eq!(shown(0.969_999_9, ">= 0.97"), "0.9699999");
        assert_eq!(shown(1.234_567e-9, "< 1"), "0.0000000012346");
        assert_eq!(shown(1234.0, "< 1"), "1234");
    }

    #[test]
    fn invalid_conditions_are_reported() {
        for text in ["0.97", "== 1", ">= nan", "", ">= a"] {
            let mut found = Vec::new();
            gate(text).validate(&["test.accuracy".to_owned()], &mut Problems::new(&mut found));
            assert_eq!(found.len(), 1, "{text}");
        }
    }
}
