//! What each column of a training file holds, found out while it is read.

use super::missing::{Gaps, Missing};
use super::words::Words;
use crate::data::columns::{Column, Columns, is_missing, number, resembles_gap};
use crate::data::formats::csv::{shown, sorted};

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

impl Learner {
    /// Columns of which it is said whether they are listed as categorical; what `missing` says is done to gaps, and
    /// `indicators` tell where they were.
    pub fn new(listed: impl Iterator<Item = bool>, missing: Missing, indicators: bool) -> Self {
        let kind = |listed| {
            if listed { Kind::Words(Box::new(Words::new(listed))) } else { Kind::Open }
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
            Kind::Words(words) => {
                if let Some(mark) = words.only_mark().filter(|_| !is_word()) {
                    let remedy = self.missing.mark(mark);
                    return Err(format!(
                        "{} is a number, and {mark:?} before it is not; {remedy}",
                        shown(text)
                    ));
                }
                words.cell(text)
            }
            Kind::Open if is_word() => {
                let mut words = Box::<Words>::default();
                let first = words.cell(text);
                *kind = Kind::Words(words);
                first
            }
            Kind::Open | Kind::Numbers if resembles_gap(text) => {
                Err(format!("{} is not a number; {}", shown(text), self.missing.mark(text)))
            }
            Kind::Open | Kind::Numbers => Err(match text.parse::<f64>() {
                Ok(large) if large.is_finite() => format!("{} does not fit 32 bits", shown(text)),
                Ok(_) => format!("{} is not a finite number; {}", shown(text), self.missing.mark(text)),
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
            words.check(name)?;
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
