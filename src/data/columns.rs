//! The columns of a table that a network takes, and how their cells become numbers.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// A column of a table, and the values of a sample that it becomes.
///
/// In a checkpoint, a column of numbers is its name alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Column {
    /// Its name in the first line, or its number where columns have no names.
    pub name: String,
    /// The categories of a column of words, each of which is a value: 1 where the cell names it, else 0.
    pub categories: Option<Vec<String>>,
}

/// All columns that a network takes, in the order of its input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Columns(pub Vec<Column>);

/// A column as a checkpoint has it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Name(String),
    Whole(Whole),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    categories: Option<Vec<String>>,
}

impl From<Written> for Column {
    fn from(written: Written) -> Self {
        match written {
            Written::Name(name) => Self::numbers(name),
            Written::Whole(Whole { name, categories }) => Self { name, categories },
        }
    }
}

impl From<Column> for Written {
    fn from(column: Column) -> Self {
        match column {
            Column { name, categories: None } => Self::Name(name),
            Column { name, categories } => Self::Whole(Whole { name, categories }),
        }
    }
}

impl Column {
    /// A column of numbers.
    #[must_use]
    pub fn numbers(name: String) -> Self {
        Self { name, categories: None }
    }

    /// How many values of a sample it becomes.
    #[must_use]
    pub fn width(&self) -> usize {
        self.categories.as_ref().map_or(1, Vec::len)
    }
}

impl Columns {
    /// How many values a sample has.
    #[must_use]
    pub fn width(&self) -> usize {
        self.0.iter().map(Column::width).sum()
    }

    /// The names of all values of a sample: `age`, `city=London`, `city=Paris`.
    #[must_use]
    pub fn value_names(&self) -> Vec<String> {
        let mut names = Vec::with_capacity(self.width());
        for Column { name, categories } in &self.0 {
            match categories {
                None => names.push(name.clone()),
                Some(categories) => names.extend(categories.iter().map(|word| format!("{name}={word}"))),
            }
        }
        names
    }

    /// Looks for what no table can have led to.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub(crate) fn check(&self) -> Result<(), String> {
        for Column { name, categories } in &self.0 {
            let Some(categories) = categories else { continue };
            let different = categories.iter().collect::<std::collections::HashSet<_>>().len();
            if categories.is_empty() || different < categories.len() {
                return Err(format!("column `{name}` has no categories, or one of them twice"));
            }
        }
        Ok(())
    }
}

/// Turns cells into the values of samples.
pub(crate) struct Encoder<'a> {
    columns: Vec<Cells<'a>>,
}

/// What is known of a column's cells.
enum Cells<'a> {
    Numbers,
    Words(HashMap<&'a str, usize>),
}

/// What a cell became.
pub(crate) enum Encoded {
    /// The values that stand for it.
    Known,
    /// All its values are 0: no category has this name.
    UnknownCategory,
    /// Nothing: it is no number.
    NotANumber,
}

impl<'a> Encoder<'a> {
    pub fn new(columns: &'a Columns) -> Self {
        let cells = |column: &'a Column| match &column.categories {
            None => Cells::Numbers,
            Some(categories) => Cells::Words(categories.iter().map(String::as_str).zip(0..).collect()),
        };
        Self { columns: columns.0.iter().map(cells).collect() }
    }

    /// Appends the values of the cell `text` of column `index`.
    pub fn append(&self, index: usize, text: &str, to: &mut Vec<f32>) -> Encoded {
        match &self.columns[index] {
            Cells::Numbers => match number(text) {
                Some(number) => to.push(number),
                None => return Encoded::NotANumber,
            },
            Cells::Words(categories) => {
                let place = categories.get(category(text)).copied();
                to.extend((0..categories.len()).map(|i| if Some(i) == place { 1.0 } else { 0.0 }));
                if place.is_none() {
                    return Encoded::UnknownCategory;
                }
            }
        }
        Encoded::Known
    }
}

/// A cell as a number that 32 bits hold.
pub(crate) fn number(text: &str) -> Option<f32> {
    text.parse::<f32>().ok().filter(|number| number.is_finite())
}

/// The category that a cell names. Programs write whole numbers as `1.0` where a column has gaps.
pub(crate) fn category(text: &str) -> &str {
    match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|digit| digit == b'0') => {
            let digits = whole.strip_prefix('-').unwrap_or(whole);
            if !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()) {
                whole
            } else {
                text
            }
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(name: &str, categories: &[&str]) -> Column {
        let categories = categories.iter().map(|word| (*word).to_owned()).collect();
        Column { name: name.to_owned(), categories: Some(categories) }
    }

    #[test]
    fn columns_of_numbers_are_written_as_names() {
        let columns = Columns(vec![Column::numbers("a".to_owned()), words("b", &["x", "y"])]);
        let text = r#"["a",{"name":"b","categories":["x","y"]}]"#;
        assert_eq!(serde_json::to_string(&columns).unwrap(), text);
        assert_eq!(serde_json::from_str::<Columns>(text).unwrap(), columns);
        assert_eq!(columns.value_names(), ["a", "b=x", "b=y"]);
        assert_eq!(columns.width(), 3);
        assert!(serde_json::from_str::<Columns>(r#"[{"name":"b","other":1}]"#).is_err());
        assert!(Columns(vec![words("b", &["x", "x"])]).check().is_err());
    }

    #[test]
    fn whole_numbers_are_the_same_category_with_and_without_a_fraction() {
        for (text, name) in [
            ("1.0", "1"),
            ("-3.00", "-3"),
            ("01", "01"),
            ("1.5", "1.5"),
            (".0", ".0"),
            ("a.0", "a.0"),
            ("1.", "1."),
        ] {
            assert_eq!(category(text), name);
        }
    }
}
