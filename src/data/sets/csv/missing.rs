//! What is done about values that are missing.

use serde::{Deserialize, Serialize};

use crate::data::columns::{Fill, Rule};

/// `missing`: a word, or the number that stands for every gap.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Missing {
    /// What is done, or what is measured.
    Rule(Gaps),
    /// The number that stands for every gap.
    Number(f64),
}

/// What is done about values that are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gaps {
    /// The file is refused.
    Error,
    /// The line is left out.
    Drop,
    /// The mean of the column stands for them.
    Mean,
    /// The median of the column stands for them.
    Median,
    /// The most frequent value of the column stands for them.
    MostFrequent,
}

impl Default for Missing {
    fn default() -> Self {
        Self::Rule(Gaps::Error)
    }
}

impl Missing {
    /// What to do about a gap in a file to train or test on.
    pub(super) const REMEDY: &'static str = "`missing` in `[data.csv]` says what to do about it (\"drop\", \"mean\", \"median\", \"most_frequent\", a number)";

    /// What to do about a text that marks a gap.
    pub(super) fn mark(self, text: &str) -> String {
        let fill = if self == Self::default() { " and `missing = \"mean\"`" } else { "" };
        format!("if it marks a gap, set `missing_marks = [{text:?}]`{fill} in `[data.csv]`")
    }

    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether something stands for gaps.
    pub(super) fn fills(self) -> bool {
        self.of_numbers().is_some()
    }

    /// What stands for a gap among numbers.
    pub(super) fn of_numbers(self) -> Option<Fill> {
        match self {
            Self::Rule(Gaps::Error | Gaps::Drop) => None,
            Self::Rule(Gaps::Mean) => Some(Fill::Measured(Rule::Mean)),
            Self::Rule(Gaps::Median) => Some(Fill::Measured(Rule::Median)),
            Self::Rule(Gaps::MostFrequent) => Some(Fill::Measured(Rule::MostFrequent)),
            Self::Number(number) => Some(Fill::Number(number as f32)),
        }
    }

    /// What stands for a gap among words, which have neither a mean nor a median.
    pub(super) fn of_words(self) -> Option<Fill> {
        self.of_numbers().map(|_| Fill::Measured(Rule::MostFrequent))
    }
}
