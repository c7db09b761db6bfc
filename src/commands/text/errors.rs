//! The worst predictions of an evaluation.

use serde_json::{Value, json};
use taper::run::{Mistake, Wrong};

use super::plain;
use crate::number::with_separators;

/// The mistakes as JSON, with class names and the files of the samples where there are any.
pub fn mistakes(mistakes: Vec<Mistake>, classes: &[String]) -> Vec<Value> {
    let name = |class: usize| classes.get(class).cloned().unwrap_or_else(|| class.to_string());
    // The shortest text of the f32; converted to f64 it would show more digits.
    let short = |number: f32| number.to_string().parse::<f64>().unwrap_or(f64::NAN);
    let of = |Mistake { index, found, size, .. }: Mistake| match found {
        Wrong::Class { target, predicted } => json!({
            "index": index, "truth": name(target), "prediction": name(predicted), "probability": short(size),
        }),
        Wrong::Values { target, predicted } => {
            let [target, predicted] =
                [target, predicted].map(|all| all.into_iter().map(short).collect::<Vec<_>>());
            json!({ "index": index, "truth": target, "prediction": predicted, "error": short(size) })
        }
    };
    let with_file = |mistake: Mistake| {
        let file = mistake.file.as_ref().map(|file| file.display().to_string());
        let mut value = of(mistake);
        if let Some(file) = file {
            value["file"] = json!(file);
        }
        value
    };
    mistakes.into_iter().map(with_file).collect()
}

/// One line per mistake in `result`, which is in the form of [`mistakes`].
pub fn errors(result: &Value) -> Vec<String> {
    let Some(errors) = result["errors"].as_array() else { return Vec::new() };
    let of_classes = result["wrong"].is_u64();
    let (of, kind, size, what) = if of_classes {
        ("wrong", "most confident", "probability", " wrong predictions")
    } else {
        ("samples", "largest", "error", "")
    };
    let count = with_separators(result[of].as_u64().unwrap_or_default());
    if errors.is_empty() {
        return Vec::new();
    }
    let with_files = errors.iter().all(|error| error["file"].is_string());
    let first = if with_files { "file" } else { "index" };
    let text = |value: &Value| match value {
        Value::String(name) => plain(name),
        Value::Array(numbers) => numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    let rows = errors
        .iter()
        .map(|error| [&error[first], &error["truth"], &error["prediction"], &error[size]].map(&text));
    let rows: Vec<[String; 4]> =
        std::iter::once([first, "truth", "prediction", size].map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let [index, truth, prediction] = [0, 1, 2].map(width);
    let title = format!("\nerrors: the {} {kind} of {count}{what}", errors.len());
    let lines =
        rows.iter().map(|[i, t, p, size]| format!("{i:>index$}  {t:<truth$}  {p:<prediction$}  {size}"));
    std::iter::once(title).chain(lines).collect()
}
