//! Option values, and checks of their combination.

use std::collections::HashSet;

use serde::{Deserialize, Deserializer, Serialize};

use super::{Config, Missing, Task};
use crate::config::Problems;
use crate::data::formats::csv::Unknown;

/// The names of the columns to predict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Target {
    /// One column.
    One(#[schemars(length(min = 1))] String),
    /// Several columns, in the order of the network's outputs.
    Several(#[schemars(length(min = 1))] Vec<String>),
}

impl Target {
    /// The names of the columns.
    #[must_use]
    pub fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

/// What to do about a category that the training file lacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnknownCategory {
    /// The file is refused.
    #[default]
    Error,
    /// All values of the column are 0.
    Ignore,
}

impl UnknownCategory {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Represents a delimiter that is not a single character; a line break is never valid.
const NO_DELIMITER: char = '\n';

/// Parses a delimiter: a character, its name, or `\t` as typed in a shell.
pub(super) fn delimiter<'de, D: Deserializer<'de>>(value: D) -> Result<char, D::Error> {
    let text = String::deserialize(value)?;
    let mut characters = text.chars();
    Ok(match (text.to_ascii_lowercase().as_str(), characters.next(), characters.next()) {
        (_, Some(only), None) => only,
        ("tab" | "\\t", ..) => '\t',
        ("semicolon", ..) => ';',
        ("comma", ..) => ',',
        ("space", ..) => ' ',
        ("pipe", ..) => '|',
        _ => NO_DELIMITER,
    })
}

impl From<UnknownCategory> for Unknown {
    fn from(option: UnknownCategory) -> Self {
        match option {
            UnknownCategory::Error => Self::Refused,
            UnknownCategory::Ignore => Self::Zeros,
        }
    }
}

impl Config {
    /// Reports options that are invalid or contradict each other.
    pub(super) fn check(&self, problems: &mut Problems<'_>) {
        if !self.delimiter.is_ascii() || matches!(self.delimiter, '"' | '\n' | '\r') {
            problems.key("delimiter").report_with_help(
                "must be an ASCII character other than a quote or a line break",
                "for a tab, write `\"tab\"`",
            );
        }
        let lists = [
            ("target", self.target.names()),
            ("features", self.features.as_deref().unwrap_or_default()),
            ("ignore", &self.ignore),
            ("categorical", &self.categorical),
            ("classes", self.classes.as_deref().unwrap_or_default()),
        ];
        for (key, names) in lists {
            let mut earlier = HashSet::new();
            for (i, name) in names.iter().enumerate() {
                if !earlier.insert(name) {
                    problems.key(key).index(i).report(format!("`{name}` is listed twice"));
                } else if !matches!(key, "classes" | "target") && self.target.names().contains(name) {
                    problems.key(key).index(i).report(if key == "features" {
                        "the target cannot be a feature"
                    } else {
                        "the target is never an input"
                    });
                }
            }
        }
        if self.task == Task::Classification && self.target.names().len() > 1 {
            problems.key("target").report_with_help(
                "classification predicts one column",
                "set `task = \"regression\"` to predict several numbers",
            );
        }
        if matches!(self.missing, Missing::Number(number) if !(number as f32).is_finite()) {
            problems.key("missing").report("must be a number within the range of a 32-bit float");
        }
        if self.pixels && (self.missing.fills() || !self.categorical.is_empty()) {
            let key = if self.missing.fills() { "missing" } else { "categorical" };
            problems.key(key).report("pixels are integers from 0 to 255, which have no missing values");
        }
        if self.missing_indicator && !self.missing.fills() {
            problems.key("missing_indicator").report_with_help(
                "needs missing values to be replaced",
                "set `missing` to \"mean\", \"median\", \"most_frequent\" or a number",
            );
        }
        if self.features.is_some() && !self.ignore.is_empty() {
            problems.key("ignore").report_with_help(
                "conflicts with `features`, which selects the columns",
                "remove one of the two",
            );
        }
        let of = |names: &[String]| names.iter().cloned().collect::<HashSet<_>>();
        let (features, ignored) = (self.features.as_deref().map(of), of(&self.ignore));
        for (i, name) in self.categorical.iter().enumerate() {
            if ignored.contains(name) || features.as_ref().is_some_and(|names| !names.contains(name)) {
                problems.key("categorical").index(i).report(format!("column `{name}` is not an input"));
            }
        }
        if self.classes.is_some() && self.task == Task::Regression {
            problems.key("classes").report("regression has no classes");
        }
    }
}
