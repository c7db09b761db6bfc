//! Lines of a table, read by the columns that a network takes.

use std::path::Path;

use super::shown;
use crate::data::columns::{Columns, Encoded, Encoder, resembles_gap};
use crate::error::{Error, Result};

/// Whether a category that no column knows is refused, or becomes zeros with a warning.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::data) enum Unknown {
    Refused,
    Zeros,
}

/// Turns the lines of one file into the values of samples.
pub(in crate::data) struct Lines<'a> {
    path: &'a Path,
    columns: &'a Columns,
    encoder: Encoder<'a>,
    unknown: Unknown,
    /// What to do about a value that is missing.
    remedy: &'static str,
    /// Whether what is appended is counted in samples, from 0, and not in lines.
    samples: bool,
    /// How many cells hold an unknown category, and what the first of them is.
    ignored: (usize, String),
}

impl<'a> Lines<'a> {
    pub fn new(path: &'a Path, columns: &'a Columns, unknown: Unknown, remedy: &'static str) -> Self {
        Self {
            path,
            columns,
            encoder: Encoder::new(columns),
            unknown,
            remedy,
            samples: false,
            ignored: (0, String::new()),
        }
    }

    /// The same for what has no lines: messages name samples, counted from 0.
    pub fn of_samples(self) -> Self {
        Self { samples: true, ..self }
    }

    /// Appends the values of a line, whose `cells` come in the order of the columns.
    ///
    /// # Errors
    /// [`Error::Data`] with the line and the column that is wrong.
    pub fn append<'c>(
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
                    return refuse(format!("{} does not fit 32 bits", shown(text)));
                }
                Encoded::NotANumber if resembles_gap(text) => {
                    return refuse(format!(
                        "{} is not a number; if it marks a gap, train with `missing_marks = [{text:?}]` and \
                         `missing = \"mean\"` in `[data.csv]`",
                        shown(text)
                    ));
                }
                Encoded::NotANumber => return refuse(format!("{} is not a number", shown(text))),
                Encoded::UnknownCategory if self.unknown == Unknown::Refused => {
                    return refuse(format!(
                        "{} is no category of the training file; `unknown_category = \"ignore\"` makes zeros of it",
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

    /// Says which categories were ignored.
    pub fn finish(self) {
        let (count, first) = self.ignored;
        if count > 0 {
            let others = if count > 1 { format!(", and {} more", count - 1) } else { String::new() };
            tracing::warn!(
                "{}: {first}{others}: no category of the training file; all values of the column are 0",
                self.path.display()
            );
        }
    }
}
