//! Tables in CSV files: one sample in each line, one of the columns to be predicted.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use ::csv::{Reader, ReaderBuilder, StringRecord, Trim};
use serde::{Deserialize, Serialize};

use super::{DataConfig, Task};
use crate::config::Problems;
use crate::data::formats::csv::{classes, column, number, shown, unreadable};
use crate::data::{Dataset, Facts, Features, SearchPath, Splits, Target, Targets};
use crate::error::{Error, Result};
use crate::files;
use crate::shape::Shape;

/// `[data.csv]`: numbers from a CSV file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The file of training samples; a relative path starts at the config file's folder.
    pub path: PathBuf,
    /// The file of test samples, with the same columns. No test split by default.
    #[serde(default)]
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
        let open = |path: &PathBuf| -> Result<(PathBuf, File)> {
            let path = search.resolve(path);
            let (file, _) = files::open(&path)?;
            Ok((path, file))
        };
        self.decode(open(&self.path)?, self.test_path.as_ref().map(open).transpose()?)
    }

    fn takes_validation_file(&self) -> bool {
        true
    }

    fn load_validation(&self, path: &Path, train: &Dataset, search: &SearchPath) -> Result<Dataset> {
        let (content, _) = files::open(path)?;
        let table = self.read(path, content)?;
        let trained = search.resolve(&self.path);
        let (content, _) = files::open(&trained)?;
        let columns = self.columns(&trained, &mut self.reader(content))?;
        agree(path, &columns, &table.columns)?;
        let classes = match &train.targets {
            Targets::Classes { names, .. } => names.as_slice(),
            Targets::Values { .. } => &[],
        };
        self.dataset(path, table, classes)
    }
}

/// The lines of a file, features as numbers and targets still as texts.
struct Table {
    columns: Vec<String>,
    width: usize,
    features: Vec<f32>,
    targets: Vec<String>,
    /// The line of each target, for messages.
    lines: Vec<u64>,
}

impl Config {
    /// Reads the contents of the training and the test file as [`load`](DataConfig::load) does; the paths
    /// are only named in errors.
    ///
    /// # Errors
    /// As [`load`](DataConfig::load).
    pub fn decode<R: Read>(&self, train: (PathBuf, R), test: Option<(PathBuf, R)>) -> Result<Splits> {
        let (path, content) = train;
        let table = self.read(&path, content)?;
        let test = match test {
            None => None,
            Some((path, content)) => {
                let test = self.read(&path, content)?;
                agree(&path, &table.columns, &test.columns)?;
                Some((path, test))
            }
        };
        let classes = match (&self.classes, self.task) {
            (Some(classes), _) => classes.clone(),
            (None, Task::Classification) => classes(&table.targets),
            (None, Task::Regression) => Vec::new(),
        };
        Ok(Splits {
            train: self.dataset(&path, table, &classes)?,
            validation: None,
            test: test.map(|(path, table)| self.dataset(&path, table, &classes)).transpose()?,
        })
    }

    fn reader<R: Read>(&self, content: R) -> Reader<R> {
        ReaderBuilder::new()
            .has_headers(self.has_headers)
            .delimiter(u8::try_from(self.delimiter).unwrap_or(b','))
            .trim(Trim::All)
            .from_reader(content)
    }

    /// The names of the columns.
    fn columns<R: Read>(&self, path: &Path, reader: &mut Reader<R>) -> Result<Vec<String>> {
        let first = reader.headers().map_err(|error| unreadable(path, &error))?;
        if self.has_headers {
            return Ok(first.iter().map(str::to_owned).collect());
        }
        Ok((0..first.len()).map(|column| column.to_string()).collect())
    }

    fn read(&self, path: &Path, content: impl Read) -> Result<Table> {
        let mut reader = self.reader(content);
        let columns = self.columns(path, &mut reader)?;
        let target = column(path, &columns, &self.target)?;
        let used: Vec<usize> = match &self.features {
            Some(names) => names.iter().map(|name| column(path, &columns, name)).collect::<Result<_>>()?,
            None => (0..columns.len()).filter(|&column| column != target).collect(),
        };
        if used.is_empty() {
            return Err(Error::data(path, format!("has no column but the target `{}`", self.target)));
        }
        let mut table = Table {
            width: used.len(),
            columns,
            features: Vec::new(),
            targets: Vec::new(),
            lines: Vec::new(),
        };
        let mut record = StringRecord::new();
        while reader.read_record(&mut record).map_err(|error| unreadable(path, &error))? {
            let line = record.position().map_or(0, ::csv::Position::line);
            for &column in &used {
                table.features.push(number(path, line, &table.columns[column], record.get(column))?);
            }
            table.targets.push(record.get(target).unwrap_or_default().to_owned());
            table.lines.push(line);
        }
        if table.targets.is_empty() { Err(Error::data(path, "has no samples")) } else { Ok(table) }
    }

    fn dataset(&self, path: &Path, table: Table, classes: &[String]) -> Result<Dataset> {
        let targets = table.targets.iter().zip(&table.lines);
        let targets = if self.task == Task::Regression {
            let value = |(text, line): (&String, &u64)| number(path, *line, &self.target, Some(text));
            Targets::Values { values: targets.map(value).collect::<Result<_>>()?, width: 1 }
        } else {
            let indices: std::collections::HashMap<&str, u32> =
                classes.iter().map(String::as_str).zip(0..).collect();
            let label = |(text, line): (&String, &u64)| {
                indices.get(text.as_str()).copied().ok_or_else(|| {
                    let known =
                        if classes.len() <= 20 { classes.join(", ") } else { "many others".to_owned() };
                    let message = format!(
                        "line {line}, column `{}`: unknown class {}; known are {known}",
                        self.target,
                        shown(text)
                    );
                    Error::data(path, message)
                })
            };
            let labels = targets.map(label).collect::<Result<_>>()?;
            Targets::Classes { labels, names: classes.to_vec() }
        };
        Ok(Dataset {
            sample_shape: Shape(vec![table.width]),
            features: Features::Floats(table.features),
            targets,
        })
    }
}

/// Other samples must have the columns of those to train on, in the same order.
fn agree(path: &Path, trained: &[String], columns: &[String]) -> Result<()> {
    if columns == trained {
        return Ok(());
    }
    let message = format!("has the columns {}, not {}", columns.join(", "), trained.join(", "));
    Err(Error::data(path, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loads a training and a test file with these contents.
    fn load(train: &[u8], test: Option<&[u8]>, options: &str) -> Result<Splits, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("train.csv"), train).unwrap();
        let mut text = format!("path = \"train.csv\"\n{options}\n");
        if let Some(test) = test {
            std::fs::write(folder.path().join("test.csv"), test).unwrap();
            text.push_str("test_path = \"test.csv\"\n");
        }
        let config: Config = toml::from_str(&text).unwrap();
        let search = SearchPath { config_folder: folder.path().to_path_buf(), ..SearchPath::default() };
        config.load(&search, 0).map_err(|error| {
            assert_eq!(error.exit_code(), 3);
            error.to_string()
        })
    }

    fn classes(dataset: &Dataset) -> (&[u32], &[String]) {
        match &dataset.targets {
            Targets::Classes { labels, names } => (labels, names),
            Targets::Values { .. } => panic!("no classes"),
        }
    }

    #[test]
    fn classes_may_be_texts_or_numbers() {
        let splits =
            load("\u{feff}a, kind ,b\n1,dog,2\n3.5,cat,-4e1\n".as_bytes(), None, "target = \"kind\"")
                .unwrap();
        assert_eq!(splits.train.features, Features::Floats(vec![1.0, 2.0, 3.5, -40.0]));
        assert_eq!(classes(&splits.train), (&[1, 0][..], &["cat".to_owned(), "dog".to_owned()][..]));
        let splits = load(b"y,a\n10,0\n9,0\n-1,0\n", None, "target = \"y\"").unwrap();
        assert_eq!(classes(&splits.train).0, [2, 1, 0]);
        let listed =
            load(b"y,a\nn,0\ny,0\n", None, "target = \"y\"\nclasses = [\"y\", \"n\", \"maybe\"]").unwrap();
        assert_eq!(classes(&listed.train).0, [1, 0]);
        assert_eq!(listed.train.target(), Target::Class { classes: 3 });
    }

    #[test]
    fn files_without_names_have_numbered_columns() {
        let options = "target = \"2\"\nfeatures = [\"1\", \"0\"]\nhas_headers = false\ndelimiter = \";\"\ntask = \"regression\"";
        let splits = load(b"1;2;3\n4;5;6", Some(b"7;8;9\n"), options).unwrap();
        assert_eq!(splits.train.features, Features::Floats(vec![2.0, 1.0, 5.0, 4.0]));
        assert_eq!(splits.train.targets, Targets::Values { values: vec![3.0, 6.0], width: 1 });
        assert_eq!(splits.test.unwrap().features, Features::Floats(vec![8.0, 7.0]));
    }

    #[test]
    fn the_test_file_must_fit() {
        let test = |content: &[u8]| load(b"a,y\n1,u\n2,v\n", Some(content), "target = \"y\"");
        assert_eq!(classes(&test(b"a,y\n1,v\n").unwrap().test.unwrap()).0, [1]);
        assert!(
            test(b"a,y\n1,v\n1,w\n")
                .unwrap_err()
                .contains("test.csv: line 3, column `y`: unknown class \"w\"")
        );
        assert!(test(b"b,y\n1,v\n").unwrap_err().contains("columns b, y, not a, y"));
    }

    #[test]
    fn says_where_the_file_is_wrong() {
        let message = |content: &[u8]| load(content, None, "target = \"y\"").unwrap_err();
        assert!(message(b"a,y\n1,u\nx,u\n").contains("line 3, column `a`: \"x\" is no finite number"));
        assert!(message(b"a,y\ninf,u\n").contains("no finite number"));
        assert!(message(b"a,y\n1e39,u\n").contains("no finite number"));
        assert!(message(b"a,y\n,u\n").contains("the value is missing"));
        assert!(message(b"a,y\n1,u,3\n").contains("line 2: 3 columns, but the lines before have 2"));
        assert!(message(b"a,y\n\xff,u\n").contains("line 2: not UTF-8"));
        assert!(message(b"alpha,beta\n1,u\n").contains("has no column `y`; it has alpha, beta"));
        assert!(message(b"value,target\n1,u\n").contains("no column `y`"));
        assert!(message(b"y,y\n1,u\n").contains("two columns"));
        assert!(message(b"y\n1\n").contains("no column but the target"));
        assert!(message(b"a,y\n").contains("no samples"));
        assert!(message(b"").contains("no column"));
        let misspelt = load(b"a,species\n1,u\n", None, "target = \"specis\"").unwrap_err();
        assert!(misspelt.contains("did you mean `species`?"));
        let regression = load(b"a,y\n1,u\n", None, "target = \"y\"\ntask = \"regression\"").unwrap_err();
        assert!(regression.contains("line 2, column `y`: \"u\""));
    }

    #[test]
    fn options_that_contradict_each_other_are_reported() {
        let text = "path = \"x\"\ntarget = \"a\"\nfeatures = [\"a\", \"b\", \"b\"]\ntask = \"regression\"\n\
                    classes = [\"c\"]\ndelimiter = \"é\"";
        let mut found = Vec::new();
        toml::from_str::<Config>(text).unwrap().validate(&mut Problems::new(&mut found));
        let places: Vec<String> = found.iter().map(|problem| problem.path.to_string()).collect();
        assert_eq!(places, ["delimiter", "features[2]", "features[0]", "classes"]);
    }
}
