//! Determines the categories of a text column while it is read.

use std::collections::HashMap;

use crate::data::columns::{category, is_date, resembles_gap, resembles_number};
use crate::data::formats::csv::shown;
use crate::wording::{counted, ordinal};

/// Limit on the categories of a column that is not listed in `categorical`.
const MOST_UNLISTED: usize = 100;
/// Limit on the categories of a listed column; while a file is read, they are stored as `f32` indices.
const MOST_LISTED: usize = 1 << 20;
/// The categories of a column, in order of occurrence.
#[derive(Default)]
pub(super) struct Categories {
    listed: bool,
    pub numbers: HashMap<String, u32>,
    cells: usize,
    /// The number of categories that are dates.
    dates: usize,
}

/// Why the dates of the column `name` are unsuitable as categories, and the remedy.
fn dates(name: &str) -> String {
    format!(
        "holds dates, and `predict` refuses dates that the training file lacks; exclude it with \
         `ignore = [\"{name}\"]`, convert the dates to numbers, or list it in `categorical`"
    )
}

impl Categories {
    /// An empty set for a column that is listed in `categorical` or not.
    pub fn new(listed: bool) -> Self {
        Self { listed, ..Self::default() }
    }

    /// Whether the column is listed in `categorical`.
    pub fn is_listed(&self) -> bool {
        self.listed
    }

    /// The only category so far, if it may mean a missing value.
    pub fn only_mark(&self) -> Option<&str> {
        let mut texts = self.numbers.keys().filter(|_| !self.listed);
        let first = texts.next().filter(|text| resembles_gap(text))?;
        texts.next().is_none().then_some(first.as_str())
    }

    /// Checks that the network can learn from these categories.
    ///
    /// # Errors
    /// Why the column `name` is unsuitable, and the remedy.
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
                "column `{name}`: all values are distinct, so nothing can be learned from it; exclude it with \
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

    /// Reads a cell; returns the index of its category, in order of first occurrence.
    ///
    /// # Errors
    /// Why the cell is not a category.
    pub fn cell(&mut self, text: &str) -> Result<f32, String> {
        if !self.listed && text.parse::<f64>().is_ok() {
            return Err(format!(
                "{} is a number, but the values before it are text; if they are categories, list the column in \
                 `categorical`",
                shown(text)
            ));
        }
        if !self.listed && resembles_number(text) && !is_date(text) {
            return Err(format!(
                "{} is not a number (write numbers as `1.5`); if it is a category, list the column in \
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
            return Err("holds more than 100 distinct dates; exclude the column with `ignore`, or \
                        convert them to numbers, such as days since the first"
                .to_owned());
        }
        if next == MOST_UNLISTED && !self.listed {
            return Err(format!(
                "{} is the {} distinct value of this column; exclude the column with `ignore`, or list it in `categorical`",
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

    /// Whether the categories of `part`, which follow, can be added.
    pub fn takes(&self, part: &Self) -> bool {
        let new = part.numbers.keys().filter(|name| !self.numbers.contains_key(*name)).count();
        self.numbers.len() + new <= if self.listed { MOST_LISTED } else { MOST_UNLISTED }
    }

    /// Adds the categories of `part`, which [`takes`](Self::takes) allows; returns the index of each.
    pub fn append(&mut self, part: Self) -> Vec<f32> {
        self.cells += part.cells;
        let mut names: Vec<(String, u32)> = part.numbers.into_iter().collect();
        names.sort_unstable_by_key(|(_, number)| *number);
        let mut own = |(name, _): (String, u32)| {
            let next = self.numbers.len() as u32;
            *self.numbers.entry(name).or_insert_with_key(|name| {
                self.dates += usize::from(is_date(name));
                next
            }) as f32
        };
        names.into_iter().map(&mut own).collect()
    }
}
