//! Reads rows of a CSV file as samples.

use std::collections::HashSet;
use std::io::Read;
use std::path::Path;

use ::csv::StringRecord;

use super::Numbers;
use crate::data::columns::{Column, Columns};
use crate::data::formats::csv::{Lines, Unknown, cell, open_suited, places, unreadable};
use crate::data::sets::csv;
use crate::error::{Error, Result};
use crate::wording::counted;

/// The remedy for a missing value. Dropping the row would lose a prediction.
pub(super) const FILL: &str = "fill it in, or train with `missing = \"mean\"` in `[data.csv]`";

/// Reads the rows of a table as samples of `width` numbers; returns their number and values.
///
/// For a network trained on a table, columns are matched by name; there may be others, and the target may be
/// missing. For other networks, a first line without any number is skipped as a header.
pub(super) fn decode(
    path: &Path,
    content: impl Read,
    table: Option<&csv::Config>,
    width: usize,
) -> Result<(usize, Numbers)> {
    let suits = |first: &StringRecord| match table.and_then(|table| table.trained.as_ref().zip(Some(table))) {
        Some((columns, table)) if table.has_headers => {
            let names: HashSet<&str> = first.iter().collect();
            columns.0.iter().all(|column| names.contains(column.name.as_str()))
        }
        _ => first.len() > 1 || width == 1,
    };
    let mut reader = open_suited(path, content, table.map_or(',', |table| table.delimiter), &suits)?;
    let mut first = StringRecord::new();
    reader.read_record(&mut first).map_err(|error| unreadable(path, &error))?;
    let named = match table {
        Some(table) => table.has_headers,
        None => first.iter().all(|text| text.parse::<f32>().is_err()),
    };
    let names: Vec<String> = if named {
        first.iter().map(str::to_owned).collect()
    } else {
        (0..first.len()).map(|place| place.to_string()).collect()
    };
    if names.is_empty() {
        return Err(Error::data(path, "has no samples"));
    }
    let (columns, used) = choose(path, &names, table)?;
    if columns.width() != width {
        let message = format!("{}, but this network takes {width}", counted(columns.width(), "column"));
        return Err(Error::data(path, message));
    }
    let mut ahead = (!named && !first.is_empty()).then_some(first);
    let mut numbers = Numbers { shape: Vec::new(), counted: true, values: Vec::new(), whole: true };
    let remedy = if table.is_some() { FILL } else { "fill it in" };
    let mut into = Lines::new(
        path,
        &columns,
        table.map_or(Unknown::Refused, |table| table.unknown_category.into()),
        remedy,
    );
    let marks = table.map_or(&[][..], |table| &table.missing_marks);
    let mut record = StringRecord::new();
    let mut rows = 0;
    loop {
        match ahead.take() {
            Some(first) => record = first,
            None if reader.read_record(&mut record).map_err(|error| unreadable(path, &error))? => {}
            None => break,
        }
        let line = record.position().map_or(0, ::csv::Position::line);
        let cells = || used.iter().map(|&place| cell(&record, place, marks));
        into.row(line, cells(), &mut numbers.values)?;
        numbers.whole = numbers.whole && cells().all(|text| text.parse::<i64>().is_ok());
        rows += 1;
    }
    into.finish();
    if rows == 0 { Err(Error::data(path, "has no samples")) } else { Ok((rows, numbers)) }
}

/// The input columns and their indices.
fn choose(path: &Path, names: &[String], table: Option<&csv::Config>) -> Result<(Columns, Vec<usize>)> {
    let all = |wanted: &dyn Fn(&String) -> bool| -> (Columns, Vec<usize>) {
        let used: Vec<usize> = (0..names.len()).filter(|&place| wanted(&names[place])).collect();
        (Columns(used.iter().map(|&place| Column::numbers(names[place].clone())).collect()), used)
    };
    let Some(table) = table else { return Ok(all(&|_| true)) };
    // Checkpoints of older versions do not store the columns.
    let columns = match (&table.trained, &table.features) {
        (Some(columns), _) => columns.clone(),
        (None, Some(features)) => Columns(features.iter().cloned().map(Column::numbers).collect()),
        (None, None) => return Ok(all(&|name| !table.target.names().contains(name))),
    };
    let wanted = || columns.0.iter().map(|column| &column.name);
    if table.has_headers {
        let used = places(path, names, wanted())?;
        return Ok((columns, used));
    }
    // Without a header, only the number of columns shows what a file lacks: nothing, the target, or also the
    // ignored columns.
    let whole = table.whole_width(&columns);
    let targets = table.target.names();
    let used = if whole.is_some_and(|whole| whole == names.len() + targets.len()) {
        let all = (0..names.len() + targets.len()).map(|place| place.to_string());
        let names: Vec<String> = all.filter(|name| !targets.contains(name)).collect();
        places(path, &names, wanted())
    } else if whole.is_none_or(|whole| whole == names.len()) {
        places(path, names, wanted())
    } else {
        let found = names.iter().filter(|name| !table.target.names().contains(name)).count();
        let takes = columns.0.len();
        Err(Error::data(path, format!("{}, but this network takes {takes}", counted(found, "column"))))
    };
    match used {
        Err(_) if names.len() == columns.0.len() => Ok((columns, (0..names.len()).collect())),
        used => Ok((columns, used?)),
    }
}
