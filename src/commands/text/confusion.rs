//! The confusion matrix as a table.

use serde_json::Value;

use super::plain;

/// The largest number of classes for which the table is drawn; JSON always holds the matrix.
const MOST: usize = 20;
/// The target width of the table, in characters.
const WIDTH: usize = 80;
/// The width up to which columns are set wider apart than they must be.
const ROOMY: usize = 50;
/// The largest width of the row labels.
const LABEL: usize = 20;

/// One row per true class and one column per predicted class. Columns are headed by names if they fit, otherwise
/// by numbers, which then also precede the row labels. A zero is shown as a dot.
pub fn confusion(result: &Value) -> Vec<String> {
    let rows: Vec<&Vec<Value>> =
        result["confusion_matrix"].as_array().into_iter().flatten().filter_map(Value::as_array).collect();
    let classes = result["per_class"].as_array().into_iter().flatten();
    let names: Vec<String> =
        classes.map(|class| plain(class["class"].as_str().unwrap_or_default())).collect();
    if rows.is_empty() || rows.len() > MOST || rows.len() != names.len() {
        return Vec::new();
    }
    let count = |value: &Value| match value.as_u64() {
        None | Some(0) => ".".to_owned(),
        Some(number) => number.to_string(),
    };
    let cells: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(count).collect()).collect();
    let widest = |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| text.chars().count()).max();
    let digits = widest(&mut cells.iter().flatten()).unwrap_or(1);
    let longest = widest(&mut names.iter()).unwrap_or(1);
    let by_name = longest.min(LABEL) + rows.len() * (longest.max(digits) + 1) <= WIDTH;
    let heads: Vec<String> =
        if by_name { names.clone() } else { (0..rows.len()).map(|i| i.to_string()).collect() };
    let label = |(i, name): (usize, &String)| {
        let start = || name.chars().take(LABEL - 3).collect::<String>();
        if by_name { name.clone() } else { format!("{i:>2} {}", start()) }
    };
    let labels: Vec<String> = names.iter().enumerate().map(label).collect();
    let side = widest(&mut labels.iter()).unwrap_or(1);
    let cell = widest(&mut heads.iter()).unwrap_or(1).max(digits);
    let cell = if side + rows.len() * (cell + 2) <= ROOMY { cell + 1 } else { cell };
    let line = |label: &str, cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|text| format!(" {text:>cell$}")).collect();
        format!("{label:<side$}{}", cells.concat())
    };
    let title = "\nconfusion matrix: rows are true classes, columns are predicted classes".to_owned();
    let body = labels.iter().zip(&cells).map(|(label, cells)| line(label, cells));
    [title, line("", &heads)].into_iter().chain(body).collect()
}
