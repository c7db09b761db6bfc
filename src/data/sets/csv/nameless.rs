//! Unnamed columns, as written by spreadsheets and pandas: an index, or empty.

use std::path::Path;

use crate::data::formats::csv::{Record, cell, is_missing};
use crate::error::{Error, Result};

/// The columns of a file that have no name and are not mentioned by an option.
#[derive(Clone)]
pub(super) struct Nameless {
    columns: Vec<Column>,
}

#[derive(Clone)]
struct Column {
    place: usize,
    name: String,
    holds: Holds,
}

/// The contents of all cells so far.
#[derive(Clone, Copy, PartialEq)]
enum Holds {
    Nothing,
    /// Increasing integers, from the first to the last.
    Rising(i64, i64),
    Other,
}

impl Nameless {
    /// The unnamed columns among `names` that are not `left_out` anyway.
    pub fn new(names: &[String], left_out: &[bool]) -> Self {
        let places = (0..names.len()).filter(|&place| !left_out[place] && is_nameless(&names[place]));
        let column = |place: usize| Column { place, name: names[place].clone(), holds: Holds::Nothing };
        Self { columns: places.map(column).collect() }
    }

    /// The indices of the columns.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        self.columns.iter().map(|column| column.place)
    }

    /// The same columns before any line.
    pub fn part(&self) -> Self {
        let column = |column: &Column| Column { holds: Holds::Nothing, ..column.clone() };
        Self { columns: self.columns.iter().map(column).collect() }
    }

    /// Continues after the lines that `part` has inspected, at least one, which follow `lines` others.
    pub fn append(&mut self, part: &Self, lines: usize) {
        for (column, part) in self.columns.iter_mut().zip(&part.columns) {
            column.holds = match (column.holds, part.holds) {
                (Holds::Nothing, Holds::Nothing) => Holds::Nothing,
                (Holds::Nothing, holds) if lines == 0 => holds,
                (Holds::Rising(first, last), Holds::Rising(next, end)) if next > last => {
                    Holds::Rising(first, end)
                }
                _ => Holds::Other,
            };
        }
    }

    /// Inspects the line that follows `lines` others.
    pub fn look(&mut self, lines: usize, record: &impl Record, marks: &[String]) {
        for column in &mut self.columns {
            let text = cell(record, column.place, marks);
            column.holds = match (column.holds, text.parse::<i64>()) {
                (Holds::Nothing, _) if is_missing(text) => Holds::Nothing,
                (Holds::Nothing, Ok(number)) if lines == 0 => Holds::Rising(number, number),
                (Holds::Rising(first, last), Ok(number)) if number > last => Holds::Rising(first, number),
                _ => Holds::Other,
            };
        }
    }

    /// Warns about ignored columns.
    ///
    /// # Errors
    /// [`Error::Data`] about a column that is neither an index nor empty.
    pub fn finish(self, path: &Path) -> Result<()> {
        for Column { place, name, holds } in self.columns {
            let number = place + 1;
            let called = if name.is_empty() { String::new() } else { format!(" (`{name}`)") };
            let remedy = format!("`ignore = [\"{name}\"]`");
            let what = match holds {
                Holds::Nothing => "is empty",
                Holds::Rising(..) => "numbers the lines",
                Holds::Other => {
                    let message = format!(
                        "column {number} has no name{called}; name it in the first line, or exclude it with {remedy}"
                    );
                    return Err(Error::data(path, message));
                }
            };
            tracing::warn!(
                "{}: column {number} has no name{called} and {what}; it is ignored, as with {remedy}",
                path.display()
            );
        }
        Ok(())
    }
}

/// Whether a column has no name, or a placeholder name from pandas.
fn is_nameless(name: &str) -> bool {
    name.is_empty() || name.strip_prefix("Unnamed: ").is_some_and(|number| number.parse::<u32>().is_ok())
}
