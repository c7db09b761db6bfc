//! The metrics of classes as tables.

use serde_json::Value;

/// The largest width of a table's first column; a longer name moves the numbers of its line.
const LABEL: usize = 20;

/// The width of a first column with the given labels, so that tables of short names fit a narrow terminal.
fn label_width<'a>(labels: impl Iterator<Item = &'a str>) -> usize {
    labels.map(|label| label.chars().count()).max().unwrap_or(0).min(LABEL)
}

/// Precision, recall, F1 and support of each class, as a table.
pub fn class_table(result: &Value) -> Vec<String> {
    let Some(classes) = result["per_class"].as_array() else { return Vec::new() };
    let names = classes.iter().filter_map(|class| class["class"].as_str());
    let side = label_width(names.chain(["class"]));
    let header =
        format!("\n{:<side$} {:>9} {:>9} {:>9} {:>9}", "class", "precision", "recall", "f1", "support");
    let rows = classes.iter().map(|class| {
        let number = |key: &str| class[key].as_f64().unwrap_or(f64::NAN);
        format!(
            "{:<side$} {:>9.4} {:>9.4} {:>9.4} {:>9}",
            class["class"].as_str().unwrap_or_default(),
            number("precision"),
            number("recall"),
            number("f1"),
            class["support"].as_u64().unwrap_or_default(),
        )
    });
    std::iter::once(header).chain(rows).collect()
}

/// The scores of the second of two classes at each threshold, as a table.
pub fn threshold_table(result: &Value) -> Vec<String> {
    let (Some(rows), Some(class)) =
        (result["thresholds"].as_array(), result["per_class"][1]["class"].as_str())
    else {
        return Vec::new();
    };
    let title = format!("{class} above");
    let side = label_width([title.as_str()].into_iter());
    let header = format!("\n{title:<side$} {:>9} {:>9} {:>9}", "precision", "recall", "f1");
    let rows = rows.iter().map(|row| {
        let number = |key: &str| row[key].as_f64().unwrap_or(f64::NAN);
        format!(
            "{:<side$} {:>9.4} {:>9.4} {:>9.4}",
            number("threshold"),
            number("precision"),
            number("recall"),
            number("f1")
        )
    });
    std::iter::once(header).chain(rows).collect()
}
