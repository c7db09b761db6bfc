//! From cells to the values of samples.

use std::collections::HashMap;

use super::{Column, Columns, Fill, category, is_missing, number};

/// Turns cells into the values of samples.
pub(crate) struct Encoder<'a> {
    columns: Vec<Cells<'a>>,
}

/// What is known of a column's cells.
struct Cells<'a> {
    categories: Option<HashMap<&'a str, usize>>,
    gap: Gap,
    indicator: bool,
}

/// What a cell becomes that is missing.
enum Gap {
    Refused,
    /// NaN, because what fills it is not known yet.
    Open,
    Number(f32),
    Category(Option<usize>),
}

/// What a cell became.
pub(crate) enum Encoded {
    /// The values that stand for it.
    Known,
    /// All its values are 0: no category has this name.
    UnknownCategory,
    /// Nothing: it is no number.
    NotANumber,
    /// Nothing: it is missing, and nothing is said to stand for it.
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
            // Whether a cell is missing is asked where it is nothing else, because most are not.
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
