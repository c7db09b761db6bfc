//! Handling of missing values.

use serde::{Deserialize, Serialize};

use crate::data::columns::{Fill, Rule};

/// `missing`: a rule, or the number that replaces all missing values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Missing {
    /// A rule, or the statistic to measure.
    Rule(Gaps),
    /// The number that replaces all missing values.
    Number(f64),
}

/// A rule for missing values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gaps {
    /// The file is refused.
    Error,
    /// The line is skipped.
    Drop,
    /// They are replaced by the mean of the column.
    Mean,
    /// They are replaced by the median of the column.
    Median,
    /// They are replaced by the most frequent value of the column.
    MostFrequent,
}

impl Default for Missing {
    fn default() -> Self {
        Self::Rule(Gaps::Error)
    }
}

impl Missing {
    /// The remedy for a missing value in a training or test file.
    pub(super) const REMEDY: &'static str =
        "set `missing` in `[data.csv]` to \"drop\", \"mean\", \"median\", \"most_frequent\" or a number";

    /// The remedy for a text that may mean a missing value.
    pub(super) fn mark(self, text: &str) -> String {
        let fill = if self == Self::default() { " and `missing = \"mean\"`" } else { "" };
        format!("if it means a missing value, set `missing_marks = [{text:?}]`{fill} in `[data.csv]`")
    }

    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether missing values are replaced.
    pub(super) fn fills(self) -> bool {
        self.of_numbers().is_some()
    }

    /// The replacement for a missing number.
    pub(super) fn of_numbers(self) -> Option<Fill> {
        match self {
            Self::Rule(Gaps::Error | Gaps::Drop) => None,
            Self::Rule(Gaps::Mean) => Some(Fill::Measured(Rule::Mean)),
            Self::Rule(Gaps::Median) => Some(Fill::Measured(Rule::Median)),
            Self::Rule(Gaps::MostFrequent) => Some(Fill::Measured(Rule::MostFrequent)),
            Self::Number(number) => Some(Fill::Number(number as f32)),
        }
    }

    /// The replacement for a missing category; categories have neither a mean nor a median.
    pub(super) fn of_words(self) -> Option<Fill> {
        self.of_numbers().map(|_| Fill::Measured(Rule::MostFrequent))
    }
}
