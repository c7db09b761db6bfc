//! Tables in CSV files: one sample per line, with one or more columns to predict.
//!
//! A column without any number is categorical and one-hot encoded: each category of the training file becomes an input
//! value that is 1 in its rows, else 0. The categories are saved with the weights, and other tables are encoded by them.
//!
//! Replacements for missing values are measured on the training samples, without those that are held out, and saved
//! with the weights as well. The categories, and the columns with missing values (for `missing_indicator`), are taken
//! from the whole training file, because the network's first layer has weights for each.

mod categories;
mod decode;
mod labels;
mod learn;
mod line_numbers;
mod missing;
mod nameless;
mod options;
mod pixels;
mod rows;
mod samples;
mod table;

pub use missing::{Gaps, Missing};
pub use options::{Target, UnknownCategory};

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{DataConfig, Task};
use crate::config::Problems;
use crate::data::columns::Columns;
use crate::data::{self, Dataset, Facts, SearchPath, Splits, Surveyed, Targets};
use crate::error::{Error, Result};
use crate::files;

/// `[data.csv]`: samples from a CSV file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The file of training samples; a relative path is resolved against the config file's folder.
    #[schemars(extend("format" = "path"))]
    pub path: PathBuf,
    /// The file of test samples, with the same column names in any order. No test split by default.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    pub test_path: Option<PathBuf>,
    /// The name of the column to predict; for regression, a list of names to predict several numbers.
    pub target: Target,
    /// The names of the input columns. By default all except `target` and those in `ignore`.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub features: Option<Vec<String>>,
    /// The names of columns that are not inputs, such as an identifier.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// The names of columns that hold categories although they look like numbers (a postal code) or have more than
    /// 100 distinct values. Text columns are always categorical. Each category in the training file (including
    /// samples held out for validation) becomes an input value of 1 or 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categorical: Vec<String>,
    /// What to do if another file has a category that the training file lacks: `"error"` refuses it; `"ignore"` warns
    /// and sets all values of its column to 0.
    #[serde(default, skip_serializing_if = "UnknownCategory::is_default")]
    pub unknown_category: UnknownCategory,
    /// How missing values (empty cells, and texts that pandas reads as missing: `NA`, `NaN`, `null`, …) are handled.
    /// `"error"` refuses them; `"drop"` skips the line; `"mean"`, `"median"` and `"most_frequent"` replace them by
    /// that statistic of the column over the training samples; a number replaces them by that number. Missing
    /// categories are always replaced by the most frequent one. Targets are never replaced, and `predict` never drops
    /// a line: it replaces or refuses.
    #[serde(default, skip_serializing_if = "Missing::is_default")]
    pub missing: Missing,
    /// Additional texts that mean a missing value, such as `["?", "-999"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(length(min = 1)))]
    pub missing_marks: Vec<String>,
    /// Whether each column with missing values in the training file gets an additional input value: 1 where the value
    /// was missing, else 0.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub missing_indicator: bool,
    /// The shape of a sample whose values are those of an image, row by row: `[channels, height, width]`. By default
    /// a sample is one-dimensional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(inner(range(min = 1, max = 1_000_000)))]
    pub shape: Option<[usize; 3]>,
    /// Whether all values are pixels, integers from 0 to 255, which are scaled to [0, 1]. A network trained on them
    /// also predicts for image files.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pixels: bool,
    /// What to predict: a class, named by any text, or numbers.
    #[serde(default)]
    pub task: Task,
    /// Whether the first line names the columns. Without a header, columns are named "0", "1", ….
    #[serde(default = "yes")]
    pub has_headers: bool,
    /// The ASCII character between columns, or its name: `"tab"`, `"semicolon"`, `"comma"`, `"space"`, `"pipe"`.
    #[serde(default = "comma", deserialize_with = "options::delimiter")]
    #[schemars(with = "String", length(min = 1))]
    pub delimiter: char,
    /// The names of the classes in index order. By default those in the training samples, sorted as numbers if all
    /// are integers, else as text.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub classes: Option<Vec<String>>,
    /// The columns of a network trained on such a table; other tables are read by them.
    #[serde(skip)]
    pub trained: Option<Columns>,
}

fn yes() -> bool {
    true
}

fn comma() -> char {
    ','
}

impl DataConfig for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        self.check(problems);
    }

    fn facts(&self) -> Facts {
        Facts {
            // A categorical column becomes as many values as the file has categories.
            sample_shape: match (self.shape, &self.trained) {
                (Some(shape), _) => Some(shape.into()),
                (None, columns) => columns.as_ref().map(|columns| [columns.width()].into()),
            },
            target: match (self.task, &self.classes) {
                (Task::Regression, _) => Some(data::Target::Value { width: self.target.names().len() }),
                (Task::Classification, classes) => {
                    classes.as_ref().map(|names| data::Target::Class { classes: names.len() })
                }
            },
        }
    }

    fn locate(&self, search: &SearchPath) -> Result<String> {
        let path = search.resolve(&self.path);
        for path in [Some(&self.path), self.test_path.as_ref()].into_iter().flatten() {
            files::open(&search.resolve(path))?;
        }
        Ok(path.display().to_string())
    }

    fn survey(&self, outputs: Option<usize>, search: &SearchPath) -> Result<Surveyed> {
        Ok(Surveyed::from(&self.load_for(outputs, search, 0)?.train))
    }

    fn load(&self, search: &SearchPath, _seed: u64) -> Result<Splits> {
        let open = |path: &PathBuf| -> Result<(PathBuf, _)> {
            let path = search.resolve(path);
            let file = search.loading.open(&path)?;
            Ok((path, file))
        };
        let (train, test) = (open(&self.path)?, self.test_path.as_ref().map(open).transpose()?);
        self.decode_by(train, test, |path, (content, length)| self.open(path, content, length))
    }

    fn takes_validation_file(&self) -> bool {
        true
    }

    fn load_validation(&self, path: &Path, splits: &Splits, search: &SearchPath) -> Result<Dataset> {
        let width = if self.has_headers {
            None
        } else {
            let trained = search.resolve(&self.path);
            Some(self.width(&trained, search.loading.open(&trained)?.0)?)
        };
        let (content, length) = search.loading.open(path)?;
        let classes = match &splits.train.targets {
            Targets::Classes { names, .. } => names.as_slice(),
            Targets::Values { .. } => &[],
        };
        let Some(columns) = &splits.columns else {
            return Err(Error::data(path, "cannot be read: the columns of the training table are unknown"));
        };
        let table = self.read(path, self.open(path, content, length)?, columns, width)?;
        self.dataset(path, table, classes)
    }
}

impl Config {
    /// A table at `path` with the column `target` to predict, and default options.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, target: &str) -> Self {
        Self {
            path: path.into(),
            test_path: None,
            target: Target::One(target.to_owned()),
            features: None,
            ignore: Vec::new(),
            categorical: Vec::new(),
            unknown_category: UnknownCategory::default(),
            missing: Missing::default(),
            missing_marks: Vec::new(),
            missing_indicator: false,
            shape: None,
            pixels: false,
            task: Task::default(),
            has_headers: true,
            delimiter: comma(),
            classes: None,
            trained: None,
        }
    }

    /// Adopts the input columns and classes of a network trained on such a table, unless the config specifies them.
    pub(super) fn take_trained(&mut self, columns: &Columns, classes: &[String]) {
        self.trained = Some(columns.clone());
        if self.classes.is_none() && self.task == Task::Classification {
            self.classes = Some(classes.to_vec());
        }
    }
}

#[cfg(test)]
mod comparison;
#[cfg(test)]
mod tests;
