//! Tables in CSV files: one sample in each line, one of the columns to be predicted.

mod table;

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{DataConfig, Task};
use crate::config::Problems;
use crate::data::formats::csv::{classes, is_missing, reader};
use crate::data::{Dataset, Facts, SearchPath, Splits, Target, Targets};
use crate::error::Result;
use crate::files;

/// `[data.csv]`: numbers from a CSV file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The file of training samples; a relative path starts at the config file's folder.
    #[schemars(extend("format" = "path"))]
    pub path: PathBuf,
    /// The file of test samples, whose columns have the same names, in any order. No test split by default.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    pub test_path: Option<PathBuf>,
    /// The name of the column to predict.
    #[schemars(length(min = 1))]
    pub target: String,
    /// The names of the columns to predict from, all numbers. All but `target` by default.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub features: Option<Vec<String>>,
    /// What is to be predicted: a class, named by any text, or a number.
    #[serde(default)]
    pub task: Task,
    /// Whether the first line names the columns. Without names they are "0", "1", ….
    #[serde(default = "yes")]
    pub has_headers: bool,
    /// The character between columns, within ASCII.
    #[serde(default = "comma")]
    pub delimiter: char,
    /// The names of the classes in the order of their indices. By default those that occur in the
    /// training samples: sorted as numbers if all are whole numbers, else as texts.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub classes: Option<Vec<String>>,
}

fn yes() -> bool {
    true
}

fn comma() -> char {
    ','
}

impl DataConfig for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        if !self.delimiter.is_ascii() || matches!(self.delimiter, '"' | '\n' | '\r') {
            problems.key("delimiter").report("must be an ASCII character other than a quote or a line end");
        }
        for (key, names) in [("features", &self.features), ("classes", &self.classes)] {
            for (i, name) in names.iter().flatten().enumerate() {
                if names.iter().flatten().take(i).any(|earlier| earlier == name) {
                    problems.key(key).index(i).report(format!("`{name}` is listed twice"));
                }
            }
        }
        if let Some(i) = self.features.iter().flatten().position(|name| *name == self.target) {
            problems.key("features").index(i).report("the target cannot be a feature");
        }
        if self.classes.is_some() && self.task == Task::Regression {
            problems.key("classes").report("regression has no classes");
        }
    }

    fn facts(&self) -> Facts {
        Facts {
            sample_shape: self.features.as_ref().map(|names| [names.len()].into()),
            target: match (self.task, &self.classes) {
                (Task::Regression, _) => Some(Target::Value { width: 1 }),
                (Task::Classification, classes) => {
                    classes.as_ref().map(|names| Target::Class { classes: names.len() })
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

    fn load(&self, search: &SearchPath, _seed: u64) -> Result<Splits> {
        let open = |path: &PathBuf| -> Result<(PathBuf, _)> {
            let path = search.resolve(path);
            let (file, _) = search.loading.open(&path)?;
            Ok((path, file))
        };
        self.decode(open(&self.path)?, self.test_path.as_ref().map(open).transpose()?)
    }

    fn takes_validation_file(&self) -> bool {
        true
    }

    fn load_validation(&self, path: &Path, train: &Dataset, search: &SearchPath) -> Result<Dataset> {
        let trained = search.resolve(&self.path);
        let (content, _) = files::open(&trained)?;
        let columns = self.columns(&trained, &mut reader(content, self.delimiter), None)?;
        let (content, _) = search.loading.open(path)?;
        let table = self.read(path, content, Some(&columns))?;
        let classes = match &train.targets {
            Targets::Classes { names, .. } => names.as_slice(),
            Targets::Values { .. } => &[],
        };
        self.dataset(path, table, classes)
    }
}

impl Config {
    /// Takes the columns to predict from and the classes from a network that was trained on such a table, where
    /// the config leaves them to the file. Columns without names are known by their places alone.
    pub(super) fn take_trained(&mut self, columns: &[String], classes: &[String]) {
        if self.features.is_none() && self.has_headers {
            self.features = Some(columns.to_vec());
        }
        if self.classes.is_none() && self.task == Task::Classification {
            self.classes = Some(classes.to_vec());
        }
    }

    /// Reads the contents of the training and the test file as [`load`](DataConfig::load) does; the paths
    /// are only named in errors.
    ///
    /// # Errors
    /// As [`load`](DataConfig::load).
    pub fn decode<R: Read>(&self, train: (PathBuf, R), test: Option<(PathBuf, R)>) -> Result<Splits> {
        let (path, content) = train;
        let table = self.read(&path, content, None)?;
        let test = match test {
            None => None,
            Some((path, content)) => {
                let test = self.read(&path, content, Some(&table.columns))?;
                Some((path, test))
            }
        };
        let classes = match (&self.classes, self.task) {
            (Some(classes), _) => classes.clone(),
            (None, Task::Classification) => {
                let labels: Vec<String> =
                    table.targets.iter().filter(|label| !is_missing(label)).cloned().collect();
                classes(&labels)
            }
            (None, Task::Regression) => Vec::new(),
        };
        Ok(Splits {
            columns: self.has_headers.then(|| table.columns.features().cloned().collect()),
            train: self.dataset(&path, table, &classes)?,
            validation: None,
            test: test.map(|(path, table)| self.dataset(&path, table, &classes)).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests;
