//! Encodes cells as input values.

use std::collections::HashMap;

use super::{Column, Columns, Fill, category, is_missing, number};

/// Encodes the cells of a table.
pub(crate) struct Encoder<'a> {
    columns: Vec<Cells<'a>>,
}

/// How the cells of a column are encoded.
struct Cells<'a> {
    categories: Option<HashMap<&'a str, usize>>,
    gap: Gap,
    indicator: bool,
}

/// The encoding of a missing cell.
enum Gap {
    Refused,
    /// NaN, because the replacement is not measured yet.
    Open,
    Number(f32),
    Category(Option<usize>),
}

/// The result of encoding a cell.
pub(crate) enum Encoded {
    /// The values were appended.
    Known,
    /// All values are 0: there is no such category.
    UnknownCategory,
    /// Nothing was appended: the cell is not a number.
    NotANumber,
    /// Nothing was appended: the cell is missing and has no replacement.
    Missing,
}

impl<'a> Encoder<'a> {
    pub fn new(columns: &'a Columns) -> Self {
        let cells = |column: &'a Column| {
            let categories: Option<HashMap<&str, usize>> =
                column.categories.as_ref().map(|names| names.iter().map(String::as_str).zip(0..).collect());
            let gap = match (&column.fill, &categories) {
                (None, _) => Gap::Refused,
                (Some(Fill::Measured(_)), _) => Gap::Open,
                (Some(Fill::Number(number)), _) => Gap::Number(*number),
                (Some(Fill::Category(name)), categories) => {
                    Gap::Category(categories.as_ref().and_then(|places| places.get(name.as_str()).copied()))
                }
            };
            Cells { categories, gap, indicator: column.indicator }
        };
        Self { columns: columns.0.iter().map(cells).collect() }
    }

    /// Appends the values of the cell `text` of column `index`.
    pub fn append(&self, index: usize, text: &str, to: &mut Vec<f32>) -> Encoded {
        let Cells { categories, gap, indicator } = &self.columns[index];
        let one = |place: Option<usize>, count: usize| {
            (0..count).map(move |i| if Some(i) == place { 1.0 } else { 0.0 })
        };
        let count = categories.as_ref().map_or(1, HashMap::len);
        let number = if categories.is_none() { number(text) } else { None };
        let place = categories.as_ref().and_then(|places| places.get(category(text)).copied());
        let mut encoded = Encoded::Known;
        let mut missing = false;
        match (number, place) {
            (Some(number), _) => to.push(number),
            (_, Some(place)) => to.extend(one(Some(place), count)),
            // Checked last, because most cells are not missing.
            _ if is_missing(text) => {
                missing = true;
                match gap {
                    Gap::Refused => return Encoded::Missing,
                    Gap::Open => to.extend(std::iter::repeat_n(f32::NAN, count)),
                    Gap::Number(number) => to.push(*number),
                    Gap::Category(place) => to.extend(one(*place, count)),
                }
            }
            _ if categories.is_some() => {
                to.extend(one(None, count));
                encoded = Encoded::UnknownCategory;
            }
            _ => return Encoded::NotANumber,
        }
        if *indicator {
            to.push(if missing { 1.0 } else { 0.0 });
        }
        encoded
    }
}
