//! The result of `taper eval` as text.

use serde_json::Value;

use super::classes::{class_table, threshold_table};
use super::confusion::confusion;
use super::errors::errors;
use super::gates::judged;

/// One line per number of `result`, and tables of the metrics of each class.
pub fn evaluation(result: &Value) -> String {
    let mut lines = Vec::new();
    let shown = |value: &Value| value.is_number() || value.is_string();
    let entries = || result.as_object().into_iter().flatten();
    let width = entries().filter(|(_, value)| shown(value)).map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in entries() {
        match value {
            Value::Number(number) if number.is_f64() => {
                // With two classes, these could be mistaken for the scores of the second class.
                let macro_average = matches!(name.as_str(), "precision" | "recall" | "f1");
                let what = if macro_average { "  macro average of the classes" } else { "" };
                lines.push(format!("{name:<width$} {:.4}{what}", number.as_f64().unwrap_or(f64::NAN)));
            }
            Value::Number(_) => lines.push(format!("{name:<width$} {value}")),
            Value::String(text) => lines.push(format!("{name:<width$} {text}")),
            _ => {}
        }
    }
    if let Some(views) = result["tta"].as_object() {
        let shown = views.iter().filter(|(name, _)| *name != "views");
        let shown = shown.map(|(name, value)| format!("{name} {:.4}", value.as_f64().unwrap_or(f64::NAN)));
        let count = &result["tta"]["views"];
        lines.push(format!("\nmean of {count} views: {}", shown.collect::<Vec<_>>().join(", ")));
    }
    lines.extend(class_table(result));
    lines.extend(threshold_table(result));
    lines.extend(confusion(result));
    lines.extend(errors(result));
    lines.extend(judged(result));
    lines.join("\n")
}
