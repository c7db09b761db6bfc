//! Rows of a table, encoded by the columns of a network.

use std::path::Path;
use std::sync::Arc;

use super::shown;
use crate::data::columns::{Columns, Encoded, Encoder, resembles_gap};
use crate::error::{Error, Result};

/// Whether an unknown category is an error, or becomes zeros with a warning.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::data) enum Unknown {
    Refused,
    Zeros,
}

/// Encodes the rows of one file.
pub(in crate::data) struct Lines<'a> {
    path: &'a Path,
    columns: &'a Columns,
    encoder: Arc<Encoder<'a>>,
    unknown: Unknown,
    /// The remedy for a missing value.
    remedy: &'static str,
    /// Whether errors name samples, counted from 0, instead of lines.
    samples: bool,
    /// The number of cells with an unknown category, and a description of the first.
    ignored: (usize, String),
}

impl<'a> Lines<'a> {
    pub fn new(path: &'a Path, columns: &'a Columns, unknown: Unknown, remedy: &'static str) -> Self {
        Self {
            path,
            columns,
            encoder: Arc::new(Encoder::new(columns)),
            unknown,
            remedy,
            samples: false,
            ignored: (0, String::new()),
        }
    }

    /// As [`new`](Self::new), for input without lines: errors name samples, counted from 0.
    pub fn of_samples(self) -> Self {
        Self { samples: true, ..self }
    }

    /// The same before any row.
    pub fn part(&self) -> Self {
        Self { encoder: Arc::clone(&self.encoder), ignored: (0, String::new()), ..*self }
    }

    /// Continues after the rows of `part`, which follow.
    pub fn append(&mut self, part: Self) {
        if self.ignored.0 == 0 {
            self.ignored.1 = part.ignored.1;
        }
        self.ignored.0 += part.ignored.0;
    }

    /// Appends the values of a row, whose `cells` come in the order of the columns.
    ///
    /// # Errors
    /// [`Error::Data`] naming the line and the column.
    pub fn row<'c>(
        &mut self,
        line: u64,
        cells: impl Iterator<Item = &'c str>,
        to: &mut Vec<f32>,
    ) -> Result<()> {
        for (i, text) in cells.enumerate() {
            let place = || {
                let name = &self.columns.0[i].name;
                if self.samples {
                    format!("sample {line} (counted from 0), column `{name}`: ")
                } else {
                    format!("line {line}, column `{name}`: ")
                }
            };
            let refuse = |what: String| Err(Error::data(self.path, place() + &what));
            match self.encoder.append(i, text, to) {
                Encoded::Known => {}
                Encoded::Missing => return refuse(format!("the value is missing; {}", self.remedy)),
                Encoded::NotANumber if text.parse::<f64>().is_ok_and(f64::is_finite) => {
                    return refuse(format!("{} is out of range for a 32-bit float", shown(text)));
                }
                Encoded::NotANumber if resembles_gap(text) => {
                    return refuse(format!(
                        "{} is not a number; if it means a missing value, train with `missing_marks = [{text:?}]` and \
                         `missing = \"mean\"` in `[data.csv]`",
                        shown(text)
                    ));
                }
                Encoded::NotANumber => return refuse(format!("{} is not a number", shown(text))),
                Encoded::UnknownCategory if self.unknown == Unknown::Refused => {
                    return refuse(format!(
                        "{} is not a category of the training file; to encode it as zeros, set `unknown_category = \"ignore\"`",
                        shown(text)
                    ));
                }
                Encoded::UnknownCategory => {
                    if self.ignored.0 == 0 {
                        self.ignored.1 = place() + &shown(text);
                    }
                    self.ignored.0 += 1;
                }
            }
        }
        Ok(())
    }

    /// Warns about the categories that were ignored.
    pub fn finish(self) {
        let (count, first) = self.ignored;
        if count > 0 {
            let others = if count > 1 { format!(", and {} more", count - 1) } else { String::new() };
            tracing::warn!(
                "{}: {first}{others}: not a category of the training file; all values of the column are 0",
                self.path.display()
            );
        }
    }
}
