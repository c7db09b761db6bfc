//! Rows of a CSV file, as samples.

use std::io::Read;
use std::path::Path;

use ::csv::StringRecord;

use super::Numbers;
use crate::data::formats::csv::{number, places, reader, unreadable};
use crate::data::sets::csv;
use crate::error::{Error, Result};

/// Reads rows of `width` numbers, and how many there are.
///
/// A network trained on a table finds its columns by name; others may be there as well, and the target
/// may be missing. For other networks a first line without any number is passed over as names.
pub(super) fn decode(
    path: &Path,
    content: impl Read,
    table: Option<&csv::Config>,
    width: usize,
) -> Result<(usize, Numbers)> {
    let mut reader = reader(content, table.map_or(',', |table| table.delimiter));
    let mut record = StringRecord::new();
    let mut columns = Vec::new();
    let mut used = Vec::new();
    let mut rows = 0;
    let mut numbers = Numbers { shape: Vec::new(), counted: true, values: Vec::new(), whole: true };
    while reader.read_record(&mut record).map_err(|error| unreadable(path, &error))? {
        if columns.is_empty() {
            let named = match table {
                Some(table) => table.has_headers,
                None => record.iter().all(|text| text.parse::<f32>().is_err()),
            };
            columns = (0..record.len())
                .map(|i| match record.get(i) {
                    Some(name) if named => name.to_owned(),
                    _ => i.to_string(),
                })
                .collect();
            used = choose(path, &columns, table, width)?;
            if used.len() != width {
                let message = format!("{} columns of numbers, but this network takes {width}", used.len());
                return Err(Error::data(path, message));
            }
            if named {
                continue;
            }
        }
        let line = record.position().map_or(0, ::csv::Position::line);
        for &column in &used {
            let text = record.get(column);
            numbers.values.push(number(path, line, &columns[column], text)?);
            numbers.whole &= text.is_some_and(|text| text.parse::<i64>().is_ok());
        }
        rows += 1;
    }
    if rows == 0 { Err(Error::data(path, "has no samples")) } else { Ok((rows, numbers)) }
}

/// The places of the columns to predict from.
fn choose(path: &Path, columns: &[String], table: Option<&csv::Config>, width: usize) -> Result<Vec<usize>> {
    let Some(table) = table else { return Ok((0..columns.len()).collect()) };
    // Without names a missing target can only be seen from the number of columns.
    let by_place = !table.has_headers && columns.len() == width;
    match &table.features {
        Some(names) => match places(path, columns, names.iter()) {
            Err(_) if by_place => Ok((0..width).collect()),
            found => found,
        },
        None if by_place => Ok((0..width).collect()),
        None => Ok((0..columns.len()).filter(|&i| columns[i] != table.target).collect()),
    }
}
