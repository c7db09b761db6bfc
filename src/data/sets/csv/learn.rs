//! What each column of a training file holds, found out while it is read.

use std::collections::HashMap;

use super::missing::{Gaps, Missing};
use crate::data::columns::{Column, Columns, category, is_missing, number, resembles_number};
use crate::data::formats::csv::{shown, sorted};
use crate::wording::ordinal;

/// The most categories of a column that is not listed in `categorical`.
const MOST_UNLISTED: usize = 100;
/// The most categories of a column that is; while a file is read, they stand in place of its numbers.
const MOST_LISTED: usize = 1 << 20;
/// The most values that a file with columns of categories may become, 2 GiB.
const MOST_VALUES: usize = 1 << 29;

/// The columns of a file, as far as it has been read.
pub(super) struct Learner {
    kinds: Vec<Kind>,
    /// Which columns have gaps.
    gaps: Vec<bool>,
    missing: Missing,
    indicators: bool,
}

/// What a column holds. There may be millions.
enum Kind {
    /// Nothing was read yet.
    Open,
    Numbers,
    Words(Box<Words>),
}

/// The categories of a column, in the order in which they occur.
#[derive(Default)]
struct Words {
    listed: bool,
    numbers: HashMap<String, u32>,
    cells: usize,
}

impl Learner {
    /// Columns of which it is said whether they are listed as categorical; what `missing` says is done to gaps, and
    /// `indicators` tell where they were.
    pub fn new(listed: impl Iterator<Item = bool>, missing: Missing, indicators: bool) -> Self {
        let kind = |listed| {
            if listed { Kind::Words(Box::new(Words { listed, ..Words::default() })) } else { Kind::Open }
        };
        let kinds: Vec<Kind> = listed.map(kind).collect();
        Self { gaps: vec![false; kinds.len()], kinds, missing, indicators }
    }

    /// Reads a cell of column `index`: the number, or that of its category, or NaN where it is missing.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn cell(&mut self, index: usize, text: &str) -> Result<f32, String> {
        let kind = &mut self.kinds[index];
        if !matches!(kind, Kind::Words(_))
            && let Some(number) = number(text)
        {
            *kind = Kind::Numbers;
            return Ok(number);
        }
        if is_missing(text) {
            self.gaps[index] = true;
            return match self.missing {
                Missing::Rule(Gaps::Error | Gaps::Drop) => {
                    Err(format!("the value is missing; {}", Missing::REMEDY))
                }
                _ => Ok(f32::NAN),
            };
        }
        // Numbers that 32 bits do not hold are no words.
        let is_word = || text.parse::<f64>().is_err();
        match kind {
            Kind::Words(words) => words.cell(text),
            Kind::Open if is_word() => {
                let mut words = Box::<Words>::default();
                let first = words.cell(text);
                *kind = Kind::Words(words);
                first
            }
            Kind::Open | Kind::Numbers => Err(match text.parse::<f64>() {
                Ok(large) if large.is_finite() => format!("{} does not fit 32 bits", shown(text)),
                Ok(_) => format!("{} is not a number", shown(text)),
                Err(_) => format!(
                    "{} is not a number, as the values before it are; if they name categories, list the column in \
                     `categorical`",
                    shown(text)
                ),
            }),
        }
    }

    /// The columns of these names, and the values of all samples, made of what [`cell`](Self::cell) returned.
    ///
    /// # Errors
    /// Why a column cannot be used.
    pub fn finish(self, names: Vec<String>, cells: Vec<f32>) -> Result<(Columns, Vec<f32>), String> {
        let width = names.len();
        let mut columns = Vec::with_capacity(width);
        // For each column with categories, the place of each in the order of its values.
        let mut places: Vec<Option<Vec<usize>>> = Vec::with_capacity(width);
        for ((name, kind), gaps) in names.into_iter().zip(self.kinds).zip(self.gaps) {
            let mut column = Column { indicator: gaps && self.indicators, ..Column::numbers(name) };
            let name = &column.name;
            let empty = match &kind {
                Kind::Open => true,
                Kind::Numbers => false,
                Kind::Words(words) => words.numbers.is_empty(),
            };
            if empty {
                return Err(format!(
                    "column `{name}`: every value is missing; leave it out with `ignore = [\"{name}\"]`"
                ));
            }
            let Kind::Words(words) = kind else {
                column.fill = self.missing.of_numbers();
                columns.push(column);
                places.push(None);
                continue;
            };
            if !words.listed && words.cells > 2 && words.numbers.len() == words.cells {
                return Err(format!(
                    "column `{name}`: no text occurs twice, so nothing can be learned from it; leave it out with \
                     `ignore = [\"{name}\"]`, or list it in `categorical`"
                ));
            }
            let categories = sorted(words.numbers.keys().cloned().collect());
            let mut place = vec![0; categories.len()];
            for (i, category) in categories.iter().enumerate() {
                place[words.numbers[category] as usize] = i;
            }
            column.categories = Some(categories);
            column.fill = self.missing.of_words();
            columns.push(column);
            places.push(Some(place));
        }
        let columns = Columns(columns);
        if columns.width() == width && places.iter().all(Option::is_none) {
            return Ok((columns, cells));
        }
        let samples = cells.len() / width.max(1);
        let all = columns.width().checked_mul(samples).filter(|all| *all <= MOST_VALUES);
        let all = all.ok_or_else(|| {
            format!(
                "its categories and gaps make {} values of each of {samples} samples, more than 2 GiB; leave columns out with \
                 `ignore`",
                columns.width()
            )
        })?;
        let mut values = Vec::with_capacity(all);
        for row in cells.chunks_exact(width) {
            for ((cell, places), column) in row.iter().zip(&places).zip(&columns.0) {
                match places {
                    None => values.push(*cell),
                    Some(places) if cell.is_nan() => values.extend(places.iter().map(|_| f32::NAN)),
                    Some(places) => {
                        let place = places[*cell as usize];
                        values.extend((0..places.len()).map(|i| if i == place { 1.0 } else { 0.0 }));
                    }
                }
                if column.indicator {
                    values.push(if cell.is_nan() { 1.0 } else { 0.0 });
                }
            }
        }
        Ok((columns, values))
    }
}

impl Words {
    fn cell(&mut self, text: &str) -> Result<f32, String> {
        if !self.listed && text.parse::<f64>().is_ok() {
            return Err(format!(
                "{} is a number, but the values before it are texts; if they name categories, list the column in \
                 `categorical`",
                shown(text)
            ));
        }
        if !self.listed && resembles_number(text) {
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
        self.numbers.insert(name.to_owned(), next as u32);
        Ok(next as f32)
    }
}
