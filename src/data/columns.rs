//! The columns of a table that are input to a network, and the encoding of their cells.

mod dates;
mod encode;
mod measure;

pub(crate) use dates::is_date;
pub(crate) use encode::{Encoded, Encoder};

use serde::{Deserialize, Serialize};

/// A column of a table, and the input values that encode it.
///
/// In a checkpoint, a numeric column is written as its name alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Column {
    /// Its name in the header, or its number if the table has no header.
    pub name: String,
    /// The categories of a categorical column, one-hot encoded: one value for each.
    pub categories: Option<Vec<String>>,
    /// The replacement for a missing value. Without one, missing values are errors.
    pub fill: Option<Fill>,
    /// Whether an indicator follows: 1 if the cell is missing, else 0.
    pub indicator: bool,
}

/// The replacement for a missing value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Fill {
    /// A number.
    Number(f32),
    /// One of the column's categories.
    Category(String),
    /// Not measured on the training samples yet. Until then, missing values are NaN.
    #[serde(skip)]
    Measured(Rule),
}

/// The statistic of the training samples that replaces missing values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The mean of the values present.
    Mean,
    /// The median of the values present.
    Median,
    /// The most frequent value; of several, the first.
    MostFrequent,
}

/// All columns that are input to a network, in input order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Columns(pub Vec<Column>);

/// A column as written in a checkpoint.
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fill: Option<Fill>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    indicator: bool,
}

impl From<Written> for Column {
    fn from(written: Written) -> Self {
        match written {
            Written::Name(name) => Self::numbers(name),
            Written::Whole(Whole { name, categories, fill, indicator }) => {
                Self { name, categories, fill, indicator }
            }
        }
    }
}

impl From<Column> for Written {
    fn from(column: Column) -> Self {
        match column {
            Column { name, categories: None, fill: None, indicator: false } => Self::Name(name),
            Column { name, categories, fill, indicator } => {
                Self::Whole(Whole { name, categories, fill, indicator })
            }
        }
    }
}

impl Column {
    /// A numeric column.
    #[must_use]
    pub fn numbers(name: String) -> Self {
        Self { name, categories: None, fill: None, indicator: false }
    }

    /// The number of input values that encode the column.
    #[must_use]
    pub fn width(&self) -> usize {
        self.values() + usize::from(self.indicator)
    }

    /// The number of input values without the indicator.
    fn values(&self) -> usize {
        self.categories.as_ref().map_or(1, Vec::len)
    }
}

impl Columns {
    /// The number of input values of a sample.
    #[must_use]
    pub fn width(&self) -> usize {
        self.0.iter().map(Column::width).sum()
    }

    /// The names of all input values: `age`, `city=London`, `city=Paris`, `age (missing)`.
    #[must_use]
    pub fn value_names(&self) -> Vec<String> {
        let mut names = Vec::with_capacity(self.width());
        for Column { name, categories, indicator, .. } in &self.0 {
            match categories {
                None => names.push(name.clone()),
                Some(categories) => names.extend(categories.iter().map(|word| format!("{name}={word}"))),
            }
            if *indicator {
                names.push(format!("{name} (missing)"));
            }
        }
        names
    }

    /// Checks for columns that no table can have produced.
    ///
    /// # Errors
    /// A sentence that describes the problem.
    pub(crate) fn check(&self) -> Result<(), String> {
        for Column { name, categories, fill, .. } in &self.0 {
            let fits = match (categories, fill) {
                (_, None) => true,
                (None, Some(Fill::Number(number))) => number.is_finite(),
                (Some(categories), Some(Fill::Category(category))) => categories.contains(category),
                _ => false,
            };
            if !fits {
                return Err(format!("column `{name}` has an invalid `fill`"));
            }
            let Some(categories) = categories else { continue };
            let different = categories.iter().collect::<std::collections::HashSet<_>>().len();
            if categories.is_empty() || different < categories.len() {
                return Err(format!("column `{name}` has an empty or duplicate list of categories"));
            }
        }
        Ok(())
    }
}

/// Texts that mean a missing value, in addition to the empty text: the defaults of pandas (`pandas.read_csv`,
/// `na_values`).
const MISSING: [&str; 18] = [
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A",
    "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
];

/// Whether a text means a missing value.
pub(crate) fn is_missing(text: &str) -> bool {
    text.is_empty() || MISSING.contains(&text)
}

/// Whether a text that is not a number probably means a missing value.
pub(crate) fn resembles_gap(text: &str) -> bool {
    const MARKS: [&str; 10] =
        ["na", "n.a.", "none", "nil", "unknown", "missing", "(null)", "\\n", "#value!", "#div/0!"];
    let is_sign = |sign: char| matches!(sign, '?' | '-' | '.' | '*' | '_');
    text.chars().all(is_sign) || MARKS.contains(&text.to_ascii_lowercase().as_str())
}

/// A cell as a finite 32-bit number.
pub(crate) fn number(text: &str) -> Option<f32> {
    text.parse::<f32>().ok().filter(|number| number.is_finite())
}

/// Whether a text that does not parse as a number was probably meant as one: `1,5`, `12 %`, `0x10`. Ranges,
/// dates and times (`10-20`, `2/3`, `7:30`, `65+`) are not.
pub(crate) fn resembles_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+', '−', '$', '€', '£', '¥']);
    let plain = digits.strip_prefix("0x").unwrap_or(digits);
    let hexadecimal = plain.len() < digits.len() && plain.bytes().all(|digit| digit.is_ascii_hexdigit());
    let of_word = |letter: char| letter.is_alphabetic() || matches!(letter, '-' | '–' | '/' | ':' | '+');
    digits.starts_with(|first: char| first.is_ascii_digit()) && (hexadecimal || !digits.contains(of_word))
}

/// The category that a cell names. Programs write integers as `1.0` where a column has missing values.
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
        Column { categories: Some(categories), ..Column::numbers(name.to_owned()) }
    }

    #[test]
    fn numeric_columns_are_written_as_names() {
        let columns = Columns(vec![Column::numbers("a".to_owned()), words("b", &["x", "y"])]);
        let text = r#"["a",{"name":"b","categories":["x","y"]}]"#;
        assert_eq!(serde_json::to_string(&columns).unwrap(), text);
        assert_eq!(serde_json::from_str::<Columns>(text).unwrap(), columns);
        assert_eq!(columns.value_names(), ["a", "b=x", "b=y"]);
        assert_eq!(columns.width(), 3);
        assert!(serde_json::from_str::<Columns>(r#"[{"name":"b","other":1}]"#).is_err());
        assert!(Columns(vec![words("b", &["x", "x"])]).check().is_err());
        let text =
            r#"[{"name":"a","fill":0.1,"indicator":true},{"name":"b","categories":["x","y"],"fill":"y"}]"#;
        let columns: Columns = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&columns).unwrap(), text);
        assert_eq!(columns.value_names(), ["a", "a (missing)", "b=x", "b=y"]);
        assert_eq!(columns.check(), Ok(()));
        for text in [r#"[{"name":"a","fill":"x"}]"#, r#"[{"name":"b","categories":["x"],"fill":"y"}]"#] {
            assert!(serde_json::from_str::<Columns>(text).unwrap().check().is_err());
        }
    }

    #[test]
    fn numbers_in_another_notation_are_distinguished_from_text() {
        for text in ["1,5", "-1,5", "12 %", "0x1F", "1'000", "5 €", "$5.10", "−1.5", "1\0", "1\n2"] {
            assert!(resembles_number(text), "{text:?}");
        }
        for text in ["10-20", "2024-01-03", "2/3", "7:30", "65+", "3XL", "1st", "x", "", "-", "<5", "0xy"] {
            assert!(!resembles_number(text), "{text:?}");
        }
    }

    #[test]
    fn integers_are_the_same_category_with_and_without_a_fraction() {
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
