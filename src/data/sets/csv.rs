//! Tables in CSV files: one sample in each line, one of the columns to be predicted.

mod table;

use std::fs::File;
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
    pub path: PathBuf,
    /// The file of test samples, whose columns have the same names, in any order. No test split by default.
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
        let trained = search.resolve(&self.path);
        let (content, _) = files::open(&trained)?;
        let columns = self.columns(&trained, &mut reader(content, self.delimiter), None)?;
        let (content, _) = files::open(path)?;
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
mod tests {
    use super::*;
    use crate::data::Features;

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
        assert!(test(b"b,y\n1,v\n").unwrap_err().contains("test.csv: has no column `a`; it has b, y"));
        let features = |splits: Splits| splits.test.unwrap().features;
        let found = load(b"a,b,y\n1,2,u\n", Some(b"y,note,b,a\nu,x,4,3\n"), "target = \"y\"").unwrap();
        assert_eq!(found.columns.as_deref(), Some(&["a".to_owned(), "b".to_owned()][..]));
        assert_eq!(features(found), Features::Floats(vec![3.0, 4.0]));
        let options = "target = \"1\"\nhas_headers = false";
        let more = load(b"1,u\n", Some(b"1,u,2\n"), options).unwrap_err();
        assert!(more.contains("test.csv: has 3 columns, not 2"), "{more}");
    }

    #[test]
    fn says_where_the_file_is_wrong() {
        let message = |content: &[u8]| load(content, None, "target = \"y\"").unwrap_err();
        assert!(message(b"a,y\n1,u\nx,u\n").contains("line 3, column `a`: \"x\" is not a number"));
        assert!(message(b"a,y\r\n1,u\r\nx,u\r\n").contains("line 3, column `a`"));
        assert!(message(b"a,y\rx,u\r").contains("line 2, column `a`"));
        assert!(message(b"a,y\ninf,u\n").contains("\"inf\" is not a number"));
        assert!(message(b"a,y\n1e39,u\n").contains("\"1e39\" does not fit 32 bits"));
        assert!(message(b"a,y\nNA,u\n").contains("line 2, column `a`: the value is missing"));
        assert!(message(b"a,y\n,u\n").contains("the value is missing"));
        assert!(message(b"a,y\n1,u,3\n").contains("line 2: 3 columns, but the lines before have 2"));
        assert!(message(b"a,y\n\xff,u\n").contains("line 2: not UTF-8"));
        assert!(message(b"alpha,beta\n1,u\n").contains("has no column `y`; it has alpha, beta"));
        assert!(message(b"value,target\n1,u\n").contains("no column `y`; it has value, target"));
        assert!(message(b"y,y\n1,u\n").contains("two columns"));
        assert!(message(b"y\n1\n").contains("no column but the target"));
        assert!(message(b"a,y\n").contains("no samples"));
        assert!(message(b"").contains("has no column `y`; the file is empty"));
        let misspelt = load(b"a,species\n1,u\n", None, "target = \"specis\"").unwrap_err();
        assert!(misspelt.contains("did you mean `species`?"));
        let regression = load(b"a,y\n1,u\n", None, "target = \"y\"\ntask = \"regression\"").unwrap_err();
        assert!(regression.contains("line 2, column `y`: \"u\""));
    }

    #[test]
    fn a_label_that_is_missing_is_no_class() {
        for label in ["", " ", "NaN", "NA", "null"] {
            let table = format!("a,y\n1,u\n2,{label}\n3,v\n");
            let message = load(table.as_bytes(), None, "target = \"y\"").unwrap_err();
            assert!(message.contains("line 3, column `y`: the label is missing"), "{message}");
            let test = load(b"a,y\n1,u\n2,v\n", Some(table.as_bytes()), "target = \"y\"").unwrap_err();
            assert!(test.contains("test.csv: line 3, column `y`: the label is missing"), "{test}");
        }
        let listed = load(b"a,y\n1,NA\n2,US\n", None, "target = \"y\"\nclasses = [\"NA\", \"US\"]");
        assert_eq!(classes(&listed.unwrap().train).0, [0, 1]);
    }

    #[test]
    fn a_column_that_is_not_found_is_explained_by_what_is_there() {
        let message = |content: &[u8]| load(content, None, "target = \"y\"").unwrap_err();
        for (content, said) in [
            (
                &b"sep=;\na;y\n1;u\n"[..],
                "its first line is a note for Excel; remove it, and set `delimiter = \";\"`",
            ),
            (b"a,Y\n1,u\n", "did you mean `Y`?"),
            (b"sep=,\na,y\n1,u\n", "a note for Excel; remove it"),
            (
                b"a b y\n1 2 u\n",
                "its first line, \"a b y\", was read as one name; if ' ' separates the columns",
            ),
            (b"a;y\n1;u\n", "if ';' separates"),
            (b"", "the file is empty"),
            (b"# by hand\na,y\n", "its first line is \"# by hand\"; the first line must name the columns"),
            (b"1,2\n3,4\n", "its first line holds numbers"),
            (b"a,b\n1,u\n", "it has a, b"),
        ] {
            let found = message(content);
            assert!(found.contains("has no column `y`; ") && found.contains(said), "{found}");
        }
    }

    #[test]
    fn a_quote_that_is_not_closed_swallows_no_rows() {
        let message = |content: &[u8]| load(content, None, "target = \"y\"").unwrap_err();
        assert!(
            message(b"a,y\n1,u\n2,\"v\n3,u\n").contains("line 3: the quote that opens here is not closed")
        );
        let closed = load(b"a,y\n1,\"u\nw\"\n2,v\n", None, "target = \"y\"").unwrap();
        assert_eq!(classes(&closed.train).1, ["u\nw", "v"]);
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
