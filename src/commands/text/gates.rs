//! Conditions of `[gate]`, a line each; those that do not hold are the error.

use serde_json::Value;
use taper::events::Verdict;

/// A line for each condition that holds.
pub fn passed(verdicts: &[Verdict]) -> impl Iterator<Item = String> {
    verdicts.iter().filter(|verdict| verdict.passed).map(|Verdict { metric, condition, value, .. }| {
        format!("gate   passed: {metric} is {}, which is {condition}", value.unwrap_or(f64::NAN))
    })
}

/// A line for each condition that holds, and for each that is not about this split.
pub fn judged(result: &Value) -> Vec<String> {
    let list = |key: &str| result[key].as_array().cloned().unwrap_or_default();
    let passed = list("gate").into_iter().filter(|verdict| verdict["passed"] == true).map(|verdict| {
        let text = |key: &str| verdict[key].as_str().unwrap_or_default().to_owned();
        format!("gate   passed: {} is {}, which is {}", text("metric"), verdict["value"], text("condition"))
    });
    let others = list("gate_not_measured").into_iter();
    let others = others.filter_map(|metric| Some(format!("gate   not measured: {}", metric.as_str()?)));
    passed.chain(others).collect()
}
