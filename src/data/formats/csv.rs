//! Columns and cells of a table.

mod lines;
mod strict;

use std::io::Read;
use std::path::Path;

use ::csv::{Reader, ReaderBuilder, Trim};

use crate::config::nearest;
pub(in crate::data) use crate::data::columns::is_missing;
use crate::error::{Error, Result};
pub(in crate::data) use crate::wording::{self, counted};
pub(in crate::data) use lines::{Lines, Unknown};
use strict::Strict;

/// Reads rows of texts, all as long as the first. Blanks around a text are no part of it.
pub(in crate::data) fn reader<R: Read>(content: R, delimiter: char) -> Reader<impl Read> {
    let delimiter = u8::try_from(delimiter).unwrap_or(b',');
    ReaderBuilder::new()
        .has_headers(false)
        .delimiter(delimiter)
        .trim(Trim::All)
        .from_reader(Strict::new(content, delimiter))
}

/// The place of a column; its name must occur once.
pub(in crate::data) fn column(path: &Path, columns: &[String], name: &str) -> Result<usize> {
    let mut places = columns.iter().enumerate().filter(|(_, column)| *column == name).map(|(place, _)| place);
    match (places.next(), places.next()) {
        (Some(place), None) => Ok(place),
        (Some(_), Some(_)) => Err(Error::data(path, format!("has two columns `{name}`; rename one"))),
        (None, _) => Err(Error::data(path, format!("has no column `{name}`; {}", why_not(columns, name)))),
    }
}

/// The places of several columns, in the order of `wanted`; there may be millions.
pub(in crate::data) fn places<'a>(
    path: &Path,
    columns: &[String],
    wanted: impl Iterator<Item = &'a String>,
) -> Result<Vec<usize>> {
    let wanted: Vec<&String> = wanted.collect();
    // A look at each name is quicker than sorting them.
    if wanted.len() < 8 {
        return wanted.into_iter().map(|name| column(path, columns, name)).collect();
    }
    let mut sorted: Vec<usize> = (0..columns.len()).collect();
    sorted.sort_unstable_by(|a, b| columns[*a].cmp(&columns[*b]));
    let place = |name: &String| {
        let at = sorted.partition_point(|&place| columns[place] < *name);
        let named = |at: usize| sorted.get(at).filter(|place| columns[**place] == *name);
        named(at).filter(|_| named(at + 1).is_none()).copied()
    };
    wanted.into_iter().map(|name| place(name).map_or_else(|| column(path, columns, name), Ok)).collect()
}

/// Why there may be no column `name`, and what to do.
fn why_not(columns: &[String], name: &str) -> String {
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let first = names.first().copied().unwrap_or_default();
    if names.len() <= 1 && first.is_empty() {
        return "the file is empty".to_owned();
    }
    if let Some(delimiter) = first.strip_prefix("sep=") {
        let note = "its first line is a note for Excel; remove it";
        // With the right delimiter, the line ends where the note names it.
        return match delimiter.chars().next() {
            Some(delimiter) => format!("{note}, and set `delimiter = \"{delimiter}\"`"),
            None => note.to_owned(),
        };
    }
    if first.starts_with('#') {
        return format!(
            "its first line is {}; the first line must name the columns",
            shown(&names.join(","))
        );
    }
    if names.iter().all(|name| name.parse::<f64>().is_ok()) {
        return "its first line holds numbers; the first line must name the columns".to_owned();
    }
    if let [only] = names[..]
        && let Some(delimiter) = [';', '\t', '|', ',', ' '].into_iter().find(|other| only.contains(*other))
    {
        return format!(
            "its first line, {}, was read as one name; if {delimiter:?} separates the columns, set it as `delimiter`",
            shown(only)
        );
    }
    // In short names most typos are other names.
    let same = names.iter().find(|other| other.eq_ignore_ascii_case(name)).copied();
    match same.or_else(|| nearest(name, &names).filter(|_| name.chars().count() > 2)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it has {}", wording::names(&names, 20)),
    }
}

pub(in crate::data) fn number(path: &Path, line: u64, column: &str, text: Option<&str>) -> Result<f32> {
    let text = text.unwrap_or_default();
    let number = text.parse::<f32>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| {
        let what = if is_missing(text) {
            "the value is missing".to_owned()
        } else if text.parse::<f64>().is_ok_and(f64::is_finite) {
            format!("{} does not fit 32 bits", shown(text))
        } else {
            format!("{} is not a number", shown(text))
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

/// The different ones of `names`, as numbers if all are whole numbers, else as texts.
pub(in crate::data) fn sorted(mut names: Vec<String>) -> Vec<String> {
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
            format!("{line}{}, but the lines before have {expected_len}", counted(*len as usize, "column"))
        }
        ::csv::ErrorKind::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => error.to_string(),
        ::csv::ErrorKind::Utf8 { .. } => format!("{line}not UTF-8 text; save the file as UTF-8"),
        _ => format!("{line}cannot be read: {error}"),
    };
    Error::data(path, message)
}
