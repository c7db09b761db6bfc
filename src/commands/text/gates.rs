//! The conditions of `[gate]`, one line each; those that do not hold are reported as the error.

use serde::Deserialize as _;
use serde_json::Value;
use taper::events::Verdict;

/// One line per condition that holds.
pub fn passed(verdicts: &[Verdict]) -> impl Iterator<Item = String> {
    verdicts.iter().filter(|verdict| verdict.passed).map(|verdict| {
        format!("gate   passed: {} is {}, which is {}", verdict.metric, verdict.found(), verdict.condition)
    })
}

/// One line per condition that holds, and per condition on another split.
pub fn judged(result: &Value) -> Vec<String> {
    let verdicts: Vec<Verdict> = Vec::deserialize(&result["gate"]).unwrap_or_default();
    let others = result["gate_not_measured"].as_array().cloned().unwrap_or_default().into_iter();
    let others = others.filter_map(|metric| Some(format!("gate   not measured: {}", metric.as_str()?)));
    passed(&verdicts).chain(others).collect()
}
