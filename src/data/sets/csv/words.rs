//! The categories of a column of texts, found out while it is read.

use std::collections::HashMap;

use crate::data::columns::{category, is_date, resembles_gap, resembles_number};
use crate::data::formats::csv::shown;
use crate::wording::{counted, ordinal};

/// The most categories of a column that is not listed in `categorical`.
const MOST_UNLISTED: usize = 100;
/// The most categories of a column that is; while a file is read, they stand in place of its numbers.
const MOST_LISTED: usize = 1 << 20;
/// The categories of a column, in the order in which they occur.
#[derive(Default)]
pub(super) struct Words {
    listed: bool,
    pub numbers: HashMap<String, u32>,
    cells: usize,
    /// How many of the categories are dates.
    dates: usize,
}

/// Why the dates of the column `name` are no good categories, and what to do.
fn dates(name: &str) -> String {
    format!(
        "holds dates, and `predict` refuses those that the training file lacks; leave it out with \
         `ignore = [\"{name}\"]`, turn dates into numbers, or list it in `categorical`"
    )
}

impl Words {
    /// None yet, of a column that `categorical` lists or not.
    pub fn new(listed: bool) -> Self {
        Self { listed, ..Self::default() }
    }

    /// The only text so far, if it may mark a gap.
    pub fn only_mark(&self) -> Option<&str> {
        let mut texts = self.numbers.keys().filter(|_| !self.listed);
        let first = texts.next().filter(|text| resembles_gap(text))?;
        texts.next().is_none().then_some(first.as_str())
    }

    /// Whether these are categories to learn from.
    ///
    /// # Errors
    /// Why those of the column `name` are none, and what to do.
    pub fn check(&self, name: &str) -> Result<(), String> {
        let different = self.numbers.len();
        if self.listed {
            return Ok(());
        }
        if self.dates == different && different * 2 > self.cells {
            return Err(format!("column `{name}`: {}", dates(name)));
        }
        if self.cells > 2 && different == self.cells {
            return Err(format!(
                "column `{name}`: no text occurs twice, so nothing can be learned from it; leave it out with \
                 `ignore = [\"{name}\"]`, or list it in `categorical`"
            ));
        }
        if self.dates == different {
            tracing::warn!(
                "column `{name}` becomes {}, though it {}",
                counted(different, "value"),
                dates(name)
            );
        }
        Ok(())
    }

    /// Reads a cell: the number of its category, in the order of their first occurrence.
    ///
    /// # Errors
    /// Why it is none.
    pub fn cell(&mut self, text: &str) -> Result<f32, String> {
        if !self.listed && text.parse::<f64>().is_ok() {
            return Err(format!(
                "{} is a number, but the values before it are texts; if they name categories, list the column in \
                 `categorical`",
                shown(text)
            ));
        }
        if !self.listed && resembles_number(text) && !is_date(text) {
            return Err(format!(
                "{} is not a number (`1.5` is how one is written); if it names a category, list the column in \
                 `categorical`",
                shown(text)
            ));
        }
        let name = category(text);
        self.cells += 1;
        if let Some(number) = self.numbers.get(name) {
            return Ok(*number as f32);
        }
        let next = self.numbers.len();
        if next == MOST_UNLISTED && !self.listed && self.dates == next {
            return Err("holds dates, more than 100 different ones; leave the column out with `ignore`, or \
                        turn them into numbers, such as days since the first"
                .to_owned());
        }
        if next == MOST_UNLISTED && !self.listed {
            return Err(format!(
                "{} is the {} text of this column; leave the column out with `ignore`, or list it in `categorical`",
                shown(text),
                ordinal(next + 1)
            ));
        }
        if next == MOST_LISTED {
            return Err(format!("more than {MOST_LISTED} categories"));
        }
        self.dates += usize::from(is_date(name));
        self.numbers.insert(name.to_owned(), next as u32);
        Ok(next as f32)
    }
}
