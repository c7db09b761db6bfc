//! Columns and cells of a table.

mod absent;
mod lines;
mod strict;

use std::io::{Cursor, Read};
use std::path::Path;

use ::csv::{Reader, ReaderBuilder, StringRecord, Trim};

use super::foreign;
pub(in crate::data) use crate::data::columns::is_missing;
use crate::error::{Error, Result};
pub(in crate::data) use crate::files;
use crate::wording::counted;
use absent::why_not;
pub(in crate::data) use lines::{Lines, Unknown};
use strict::Strict;

/// The longest first line in which the delimiter is detected.
const LONGEST_LINE: u64 = 1 << 22;

/// A reader of records, all as long as the first. Blanks around a field are stripped.
///
/// # Errors
/// [`Error::Data`] if the file is not a table, or cannot be read.
pub(in crate::data) fn open<R: Read>(
    path: &Path,
    content: R,
    delimiter: char,
) -> Result<Reader<impl Read + use<R>>> {
    open_suited(path, content, delimiter, &|_| true)
}

/// As [`open`], but with another common delimiter if the first line `suits` only with that one.
///
/// # Errors
/// As [`open`].
pub(in crate::data) fn open_suited<R: Read>(
    path: &Path,
    mut content: R,
    delimiter: char,
    suits: &dyn Fn(&StringRecord) -> bool,
) -> Result<Reader<impl Read + use<R>>> {
    let mut head = Vec::new();
    let mut begun = 0;
    let ends = |bytes: &[u8]| bytes.iter().any(|byte| matches!(byte, b'\n' | b'\r'));
    while (head.len() as u64) < LONGEST_LINE {
        let part = content.by_ref().take(8192).read_to_end(&mut head);
        if part.map_err(|error| files::failed_read(path, &error))? == 0 || ends(&head[begun..]) {
            break;
        }
        begun = head.len();
    }
    if let Some(what) = foreign::explain(&head[..head.len().min(foreign::ENOUGH)]) {
        return Err(Error::data(path, what));
    }
    let suits = |delimiter: char| {
        let mut first = StringRecord::new();
        let read = reader(&head[..], delimiter).read_record(&mut first);
        read.map(|_| suits(&first))
    };
    // Errors in quotes are reported for the intended delimiter.
    let chosen = if suits(delimiter).unwrap_or(true) {
        delimiter
    } else {
        // A reader takes longer to build than a look at the first lines.
        let occurs = |other: &char| *other != delimiter && head.contains(&(*other as u8));
        let mut others = [',', ';', '\t', '|'].into_iter().filter(occurs);
        others.find(|other| suits(*other).unwrap_or(false)).unwrap_or(delimiter)
    };
    Ok(reader(Cursor::new(head).chain(content), chosen))
}

fn reader<R: Read>(content: R, delimiter: char) -> Reader<impl Read + use<R>> {
    let delimiter = u8::try_from(delimiter).unwrap_or(b',');
    ReaderBuilder::new()
        .has_headers(false)
        .delimiter(delimiter)
        .trim(Trim::All)
        .from_reader(Strict::new(content, delimiter))
}

/// The text of a cell; empty if it is one of the `marks` of missing values.
pub(in crate::data) fn cell<'r>(record: &'r StringRecord, place: usize, marks: &[String]) -> &'r str {
    let text = record.get(place).unwrap_or_default();
    if marks.iter().any(|mark| mark == text) { "" } else { text }
}

/// The index of a column, whose name must be unique.
pub(in crate::data) fn column(path: &Path, columns: &[String], name: &str) -> Result<usize> {
    let mut places = columns.iter().enumerate().filter(|(_, column)| *column == name).map(|(place, _)| place);
    match (places.next(), places.next()) {
        (Some(place), None) => Ok(place),
        (Some(_), Some(_)) => Err(Error::data(path, format!("has two columns `{name}`; rename one"))),
        (None, _) => Err(Error::data(path, format!("has no column `{name}`; {}", why_not(columns, name)))),
    }
}

/// The indices of several columns, in the order of `wanted`; there may be millions.
pub(in crate::data) fn places<'a>(
    path: &Path,
    columns: &[String],
    wanted: impl Iterator<Item = &'a String>,
) -> Result<Vec<usize>> {
    let wanted: Vec<&String> = wanted.collect();
    // For a few names, a linear search is faster than sorting.
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

pub(in crate::data) fn number(path: &Path, line: u64, column: &str, text: Option<&str>) -> Result<f32> {
    let text = text.unwrap_or_default();
    let number = text.parse::<f32>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| {
        let what = if is_missing(text) {
            "the value is missing".to_owned()
        } else if text.parse::<f64>().is_ok_and(f64::is_finite) {
            format!("{} is out of range for a 32-bit float", shown(text))
        } else {
            format!("{} is not a number; correct it, or remove the line", shown(text))
        };
        Error::data(path, format!("line {line}, column `{column}`: {what}"))
    })
}

/// A text from the file, shortened for messages.
pub(in crate::data) fn shown(text: &str) -> String {
    let start: String = text.chars().take(40).collect();
    let more = if start.len() < text.len() { "…" } else { "" };
    format!("{start:?}{more}")
}

/// The distinct `names`, sorted as numbers if all are integers, else as text.
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
