//! Columns and cells of a table.

mod absent;
mod blocks;
mod fields;
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
pub(in crate::data) use blocks::{Block, Blocks};
pub(in crate::data) use fields::{Layout, Record, Rows};
pub(in crate::data) use lines::{Lines, Unknown};
use strict::{BYTE_ORDER_MARK, Strict};

/// The longest first line in which the delimiter is detected.
const LONGEST_LINE: u64 = 1 << 22;

/// The content of a file as blocks of rows, from its start.
///
/// # Errors
/// [`Error::Data`] if the file is not a table, or cannot be read.
pub(in crate::data) fn blocks<R: Read>(
    path: &Path,
    content: R,
    delimiter: char,
) -> Result<Blocks<impl Read + use<R>>> {
    let (head, content) = begin(path, content)?;
    Ok(Blocks::new(Strict::new(Cursor::new(head).chain(content), separator(delimiter))))
}

/// As [`blocks`], as records, for which the file is read in parts of `size` bytes.
#[cfg(test)]
pub(in crate::data) fn records<R: Read>(
    path: &Path,
    content: R,
    delimiter: char,
    size: usize,
) -> Result<Reader<impl Read + use<R>>> {
    let (head, content) = begin(path, content)?;
    let content = Strict::new(Cursor::new(head).chain(content), separator(delimiter));
    Ok(parser(separator(delimiter)).buffer_capacity(size).from_reader(content))
}

/// Reads the first row of a file, and takes it away from the first block unless it is `kept`. The row is empty if there
/// is none.
///
/// # Errors
/// [`Error::Data`] if it is not UTF-8.
pub(in crate::data) fn first(
    path: &Path,
    block: &mut Block,
    delimiter: char,
    kept: bool,
) -> Result<StringRecord> {
    let mut row = StringRecord::new();
    let mut reader = parser(separator(delimiter)).from_reader(&block.text[..]);
    reader.read_record(&mut row).map_err(|error| unreadable(path, &error))?;
    let mark = if block.text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let end = reader.position().byte() as usize;
    block.take(if kept { mark } else { end });
    Ok(row)
}

/// A reader of records, all as long as the first. Blanks around a field are stripped. If the first line `suits` only
/// with another common delimiter, that one separates the fields.
///
/// # Errors
/// As [`blocks()`].
pub(in crate::data) fn open_suited<R: Read>(
    path: &Path,
    content: R,
    delimiter: char,
    suits: &dyn Fn(&StringRecord) -> bool,
) -> Result<Reader<impl Read + use<R>>> {
    let (head, content) = begin(path, content)?;
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

/// Reads the first line, which may be followed by others; returns what was read, and the rest.
fn begin<R: Read>(path: &Path, mut content: R) -> Result<(Vec<u8>, R)> {
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
    match foreign::explain(&head[..head.len().min(foreign::ENOUGH)]) {
        Some(what) => Err(Error::data(path, what)),
        None => Ok((head, content)),
    }
}

/// The byte that separates fields.
pub(in crate::data) fn separator(delimiter: char) -> u8 {
    u8::try_from(delimiter).unwrap_or(b',')
}

fn reader<R: Read>(content: R, delimiter: char) -> Reader<impl Read + use<R>> {
    let delimiter = separator(delimiter);
    parser(delimiter).from_reader(Strict::new(content, delimiter))
}

fn parser(delimiter: u8) -> ReaderBuilder {
    let mut parser = ReaderBuilder::new();
    parser.has_headers(false).delimiter(delimiter).trim(Trim::All);
    parser
}

/// The text of a cell; empty if it is one of the `marks` of missing values.
pub(in crate::data) fn cell<'r>(record: &'r impl Record, place: usize, marks: &[String]) -> &'r str {
    let text = record.field(place).unwrap_or_default();
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

/// The error about a record that cannot be read.
pub(in crate::data) fn unreadable(path: &Path, error: &::csv::Error) -> Error {
    unreadable_at(path, error, |line| line)
}

/// As [`unreadable`]; `number` returns the number of a line in the file.
fn unreadable_at(path: &Path, error: &::csv::Error, number: impl Fn(u64) -> u64) -> Error {
    let at = error.position().map(|position| number(position.line()));
    let line = at.map_or(String::new(), |line| format!("line {line}: "));
    let message = match error.kind() {
        ::csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            return uneven(path, at.unwrap_or(0), *len as usize, *expected_len as usize);
        }
        ::csv::ErrorKind::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => error.to_string(),
        ::csv::ErrorKind::Utf8 { .. } => format!("{line}not UTF-8 text; save the file as UTF-8"),
        _ => format!("{line}cannot be read: {error}"),
    };
    Error::data(path, message)
}

/// The error about a row with `found` fields.
fn uneven(path: &Path, line: u64, found: usize, expected: usize) -> Error {
    let found = counted(found, "column");
    Error::data(path, format!("line {line}: {found}, but the lines before have {expected}"))
}
