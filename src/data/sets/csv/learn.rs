//! Determines the columns of a training file while it is read.

use rayon::prelude::*;

use super::categories::Categories;
use super::missing::{Gaps, Missing};
use crate::data::columns::{Column, Columns, is_missing, number, resembles_gap};
use crate::data::formats::csv::{shown, sorted};

/// Rows that a thread encodes at a time.
const ROWS: usize = 1024;

/// Limit on the values of a file with categorical columns, 2 GiB.
const MOST_VALUES: usize = 1 << 29;

/// The columns of a file, as far as it has been read.
pub(super) struct Learner {
    kinds: Vec<Kind>,
    /// The columns with missing values.
    gaps: Vec<bool>,
    missing: Missing,
    indicators: bool,
}

/// The type of a column. There may be millions of columns.
enum Kind {
    /// No value has been read yet.
    Open,
    Numbers,
    Categories(Box<Categories>),
}

impl Learner {
    /// A learner for columns that are `listed` as categorical or not. `missing` handles missing values, and
    /// `indicators` add input values that mark them.
    pub fn new(listed: impl Iterator<Item = bool>, missing: Missing, indicators: bool) -> Self {
        let kind = |listed| {
            if listed { Kind::Categories(Box::new(Categories::new(listed))) } else { Kind::Open }
        };
        let kinds: Vec<Kind> = listed.map(kind).collect();
        Self { gaps: vec![false; kinds.len()], kinds, missing, indicators }
    }

    /// A learner for the same columns that has not read anything.
    pub fn part(&self) -> Self {
        let listed = self.kinds.iter().map(|kind| matches!(kind, Kind::Categories(seen) if seen.is_listed()));
        Self::new(listed, self.missing, self.indicators)
    }

    /// Continues after `part`, which has read the rows that follow, and changes its `cells` to what
    /// [`cell`](Self::cell) would have returned here. Returns false, and changes nothing, if it would have returned an
    /// error.
    pub fn append(&mut self, part: Self, cells: &mut [f32]) -> bool {
        let agree = |(own, part): (&Kind, &Kind)| match (own, part) {
            (_, Kind::Open) | (Kind::Open, _) | (Kind::Numbers, Kind::Numbers) => true,
            (Kind::Categories(seen), Kind::Categories(more)) => seen.takes(more),
            (Kind::Numbers, Kind::Categories(_)) | (Kind::Categories(_), Kind::Numbers) => false,
        };
        if !self.kinds.iter().zip(&part.kinds).all(agree) {
            return false;
        }
        let width = self.kinds.len();
        for (place, (own, part)) in self.kinds.iter_mut().zip(part.kinds).enumerate() {
            match (&mut *own, part) {
                (Kind::Categories(seen), Kind::Categories(more)) => {
                    let numbers = seen.append(*more);
                    for cell in cells[place..].iter_mut().step_by(width).filter(|cell| !cell.is_nan()) {
                        *cell = numbers[*cell as usize];
                    }
                }
                (Kind::Open, part) => *own = part,
                _ => {}
            }
        }
        self.gaps.iter_mut().zip(part.gaps).for_each(|(own, part)| *own |= part);
        true
    }

    /// Reads a cell of column `index`; returns its number, the index of its category, or NaN if it is
    /// missing.
    ///
    /// # Errors
    /// A description of the problem.
    pub fn cell(&mut self, index: usize, text: &str) -> Result<f32, String> {
        let kind = &mut self.kinds[index];
        if !matches!(kind, Kind::Categories(_))
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
        // Numbers out of range for `f32` are not categories.
        let is_text = || text.parse::<f64>().is_err();
        match kind {
            Kind::Categories(seen) => {
                if let Some(mark) = seen.only_mark().filter(|_| !is_text()) {
                    let remedy = self.missing.mark(mark);
                    return Err(format!(
                        "{} is a number, but {mark:?} before it is not; {remedy}",
                        shown(text)
                    ));
                }
                seen.cell(text)
            }
            Kind::Open if is_text() => {
                let mut seen = Box::<Categories>::default();
                let first = seen.cell(text);
                *kind = Kind::Categories(seen);
                first
            }
            Kind::Open | Kind::Numbers if resembles_gap(text) => {
                Err(format!("{} is not a number; {}", shown(text), self.missing.mark(text)))
            }
            Kind::Open | Kind::Numbers => Err(match text.parse::<f64>() {
                Ok(large) if large.is_finite() => {
                    format!("{} is out of range for a 32-bit float", shown(text))
                }
                Ok(_) => format!("{} is not a finite number; {}", shown(text), self.missing.mark(text)),
                Err(_) => format!(
                    "{} is not a number, unlike the values before it; if they are categories, list the column in \
                     `categorical`",
                    shown(text)
                ),
            }),
        }
    }

    /// The columns with these names, and the input values of all samples, encoded from the results of
    /// [`cell`](Self::cell).
    ///
    /// # Errors
    /// A description of the unusable column.
    pub fn finish(self, names: Vec<String>, cells: Vec<f32>) -> Result<(Columns, Vec<f32>), String> {
        let width = names.len();
        let mut columns = Vec::with_capacity(width);
        // For each categorical column, the position of each category among its values.
        let mut places: Vec<Option<Vec<usize>>> = Vec::with_capacity(width);
        for ((name, kind), gaps) in names.into_iter().zip(self.kinds).zip(self.gaps) {
            let mut column = Column { indicator: gaps && self.indicators, ..Column::numbers(name) };
            let name = &column.name;
            let empty = match &kind {
                Kind::Open => true,
                Kind::Numbers => false,
                Kind::Categories(seen) => seen.numbers.is_empty(),
            };
            if empty {
                return Err(format!(
                    "column `{name}`: every value is missing; exclude it with `ignore = [\"{name}\"]`"
                ));
            }
            let Kind::Categories(seen) = kind else {
                column.fill = self.missing.of_numbers();
                columns.push(column);
                places.push(None);
                continue;
            };
            seen.check(name)?;
            let categories = sorted(seen.numbers.keys().cloned().collect());
            let mut place = vec![0; categories.len()];
            for (i, category) in categories.iter().enumerate() {
                place[seen.numbers[category] as usize] = i;
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
                "{samples} samples of {} encoded values exceed 2 GiB; exclude columns with \
                 `ignore`",
                columns.width()
            )
        })?;
        let mut values = vec![0.0; all];
        let (cells, many) = (cells.par_chunks(width * ROWS), columns.width() * ROWS);
        values.par_chunks_mut(many).zip(cells).for_each(|(values, cells)| {
            for (values, cells) in values.chunks_exact_mut(columns.width()).zip(cells.chunks_exact(width)) {
                encode(&columns, &places, cells, values);
            }
        });
        Ok((columns, values))
    }
}

/// Encodes the `cells` of a row in `values`, which are zeros.
fn encode(columns: &Columns, places: &[Option<Vec<usize>>], cells: &[f32], values: &mut [f32]) {
    let mut rest = values;
    for ((cell, places), column) in cells.iter().zip(places).zip(&columns.0) {
        let (values, after) = rest.split_at_mut(column.width());
        match places {
            None => values[0] = *cell,
            Some(places) if cell.is_nan() => values[..places.len()].fill(f32::NAN),
            Some(places) => values[places[*cell as usize]] = 1.0,
        }
        if let Some(indicator) = values.last_mut().filter(|_| column.indicator) {
            *indicator = if cell.is_nan() { 1.0 } else { 0.0 };
        }
        rest = after;
    }
}
