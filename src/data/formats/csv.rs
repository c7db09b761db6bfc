//! Columns and cells of a table.

use std::path::Path;

use crate::config::nearest;
use crate::error::{Error, Result};

/// The place of a column; its name must occur once.
pub(in crate::data) fn column(path: &Path, columns: &[String], name: &str) -> Result<usize> {
    let mut places = columns.iter().enumerate().filter(|(_, column)| *column == name).map(|(place, _)| place);
    match (places.next(), places.next()) {
        (Some(place), None) => Ok(place),
        (Some(_), Some(_)) => Err(Error::data(path, format!("has two columns `{name}`"))),
        (None, _) => {
            let names: Vec<&str> = columns.iter().map(String::as_str).collect();
            let help = match nearest(name, &names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it has {}", names.iter().take(20).copied().collect::<Vec<_>>().join(", ")),
            };
            Err(Error::data(path, format!("has no column `{name}`; {help}")))
        }
    }
}

pub(in crate::data) fn number(path: &Path, line: u64, column: &str, text: Option<&str>) -> Result<f32> {
    let text = text.unwrap_or_default();
    let number = text.parse::<f32>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| {
        let what = if text.is_empty() {
            "the value is missing".to_owned()
        } else {
            format!("{} is no finite number", shown(text))
        };
        Error::data(path, format!("line {line}, column `{column}`: {what}"))
    })
}

/// A text from the file as messages quote it: its beginning, if it is long.
pub(in crate::data) fn shown(text: &str) -> String {
    let start: String = text.chars().take(40).collect();
    let more = if start.len() < text.len() { "…" } else { "" };
    format!("{start:?}{more}")
}

/// The classes that occur, sorted.
pub(in crate::data) fn classes(targets: &[String]) -> Vec<String> {
    let mut names: Vec<String> = targets.to_vec();
    names.sort_unstable();
    names.dedup();
    if names.iter().all(|name| name.parse::<i64>().is_ok()) {
        names.sort_by_key(|name| name.parse::<i64>().unwrap_or(0));
    }
    names
}

pub(in crate::data) fn unreadable(path: &Path, error: &::csv::Error) -> Error {
    let line = error.position().map_or(String::new(), |position| format!("line {}: ", position.line()));
    let message = match error.kind() {
        ::csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{line}{len} columns, but the lines before have {expected_len}")
        }
        ::csv::ErrorKind::Utf8 { .. } => format!("{line}not UTF-8 text; save the file as UTF-8"),
        _ => format!("{line}cannot be read: {error}"),
    };
    Error::data(path, message)
}
