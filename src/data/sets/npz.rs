//! NPZ files: several NumPy arrays in a ZIP archive, as `numpy.savez` writes and Keras's data sets come.

mod arrays;

use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use self::arrays::{agree, arrange, targets};
use crate::data::formats::npz::Archive;

use super::{DataConfig, Task};
use crate::config::Problems;
use crate::data::{Dataset, Facts, SearchPath, Splits};
use crate::error::{Error, Result};

/// More classes than any data set has; a larger label is a mistake.
const MOST_CLASSES: i64 = 100_000;

/// `[data.npz]`: arrays of samples and of what is to be predicted, from one `.npz` file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The file; a relative path starts at the config file's folder.
    #[schemars(extend("format" = "path"))]
    pub path: PathBuf,
    /// The array of training samples, the first dimension counting them. Unsigned bytes are taken
    /// as pixels and scaled to [0, 1]; other numbers are used as they are.
    #[serde(default = "x_train")]
    #[schemars(length(min = 1))]
    pub x_train: String,
    /// The array of training labels (whole numbers from 0) or of numbers to predict.
    #[serde(default = "y_train")]
    #[schemars(length(min = 1))]
    pub y_train: String,
    /// The array of test samples. Without `x_test` and `y_test` in the file there is no test split.
    #[serde(default = "x_test")]
    #[schemars(length(min = 1))]
    pub x_test: String,
    /// The array of test labels or of numbers to predict.
    #[serde(default = "y_test")]
    #[schemars(length(min = 1))]
    pub y_test: String,
    /// What is to be predicted.
    #[serde(default)]
    pub task: Task,
    /// Where the channels are in arrays of four dimensions; Keras keeps them last.
    #[serde(default)]
    pub layout: Layout,
}

/// The order of the dimensions of images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// Samples, channels, rows, columns, as in PyTorch.
    ChannelsFirst,
    /// Samples, rows, columns, channels, as in Keras.
    #[default]
    ChannelsLast,
}

fn x_train() -> String {
    "x_train".to_owned()
}

fn y_train() -> String {
    "y_train".to_owned()
}

fn x_test() -> String {
    "x_test".to_owned()
}

fn y_test() -> String {
    "y_test".to_owned()
}

impl DataConfig for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        if self.path.as_os_str().is_empty() {
            problems.key("path").report("must not be empty");
        }
    }

    fn facts(&self) -> Facts {
        Facts::default()
    }

    fn locate(&self, search: &SearchPath) -> Result<String> {
        let path = search.resolve(&self.path);
        Archive::open(&path, &search.loading)?;
        Ok(path.display().to_string())
    }

    fn load(&self, search: &SearchPath, _seed: u64) -> Result<Splits> {
        let path = search.resolve(&self.path);
        self.splits(Archive::open(&path, &search.loading)?)
    }

    fn takes_validation_file(&self) -> bool {
        true
    }

    /// The arrays have the names of those of training samples.
    fn load_validation(&self, path: &Path, train: &Dataset, search: &SearchPath) -> Result<Dataset> {
        let mut validation =
            self.split(&mut Archive::open(path, &search.loading)?, &self.x_train, &self.y_train)?;
        agree(train, "validation", &mut validation)
            .and_then(|()| same_kind((&self.x_train, train), (&self.x_train, &validation)))
            .map_err(|message| Error::data(path, message))?;
        Ok(validation)
    }
}

impl Config {
    /// Reads the `content` of a file as [`load`](DataConfig::load) does; `path` is only named in errors.
    ///
    /// # Errors
    /// As [`load`](DataConfig::load).
    pub fn decode(&self, path: &Path, content: impl Read + Seek) -> Result<Splits> {
        self.splits(Archive::new(path, content)?)
    }

    fn splits<R: Read + Seek>(&self, mut archive: Archive<'_, R>) -> Result<Splits> {
        let path = archive.path();
        let train = self.split(&mut archive, &self.x_train, &self.y_train)?;
        // Arrays named by the user must be there.
        let named = self.x_test != x_test() || self.y_test != y_test();
        let mut test = None;
        if named || archive.has(&self.x_test) || archive.has(&self.y_test) {
            let mut split = self.split(&mut archive, &self.x_test, &self.y_test)?;
            agree(&train, "test", &mut split).map_err(|message| Error::data(path, message))?;
            same_kind((&self.x_train, &train), (&self.x_test, &split))
                .map_err(|message| Error::data(path, message))?;
            test = Some(split);
        }
        Ok(Splits { train, validation: None, test, columns: None })
    }

    /// Samples and labels from the arrays of these names.
    fn split<R: Read + Seek>(&self, archive: &mut Archive<'_, R>, x: &str, y: &str) -> Result<Dataset> {
        let path = archive.path();
        let at = |name: &str| {
            let name = name.to_owned();
            move |message: String| Error::data(path, format!("array `{name}`: {message}"))
        };
        let features = archive.array(x)?;
        let samples = features.shape.first().copied().unwrap_or(0);
        let (sample_shape, features) = arrange(features, self.layout).map_err(at(x))?;
        let labels = archive.array(y)?;
        if labels.shape.first() != Some(&samples) {
            let message = format!("shape {:?} for the {samples} samples of `{x}`", labels.shape);
            return Err(at(y)(message));
        }
        let targets = targets(labels, self.task).map_err(at(y))?;
        Ok(Dataset { sample_shape, features, targets })
    }
}

/// Arrays of which one is scaled and the other is not would be measured in different units.
fn same_kind((x_train, train): (&str, &Dataset), (x, other): (&str, &Dataset)) -> Result<(), String> {
    other.goes_with(train).map_err(|message| {
        format!("array `{x}` {message}, in `{x_train}`; save both arrays with the same type")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::formats::npy::tests::npy;
    use crate::data::{Features, Target, Targets};
    use std::fs::File;
    use std::io::Write;
    use std::path::Path;

    use tempfile::TempDir;
    use zip::CompressionMethod;
    use zip::write::SimpleFileOptions;

    fn saved(arrays: &[(&str, Vec<u8>)]) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.npz");
        let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
        for (i, (name, content)) in arrays.iter().enumerate() {
            let method = [CompressionMethod::Stored, CompressionMethod::Deflated][i % 2];
            let options = SimpleFileOptions::default().compression_method(method);
            zip.start_file(format!("{name}.npy"), options).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap();
        (folder, path)
    }

    fn config(path: &Path, more: &str) -> Config {
        toml::from_str(&format!("path = {:?}\n{more}", path.display().to_string())).unwrap()
    }

    fn load(arrays: &[(&str, Vec<u8>)], more: &str) -> Result<Splits, String> {
        let (_folder, path) = saved(arrays);
        config(&path, more).load(&SearchPath::default(), 0).map_err(|error| {
            assert_eq!(error.exit_code(), 3);
            error.to_string()
        })
    }

    fn floats(shape: &str, values: &[f32]) -> Vec<u8> {
        npy("<f4", shape, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
    }

    #[test]
    fn images_with_channels_last_are_brought_into_order() {
        let x = npy("|u1", "(2, 1, 2, 3)", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        let arrays = [("x_train", x), ("y_train", npy("|u1", "(2, 1)", &[0, 2]))];
        let splits = load(&arrays, "").unwrap();
        assert_eq!(splits.train.sample_shape, [3, 1, 2].into());
        assert_eq!(splits.train.features, Features::Bytes(vec![1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12]));
        assert_eq!(splits.train.target(), Target::Class { classes: 3 });
        assert!(splits.test.is_none());
        let first = load(&arrays, "layout = \"channels_first\"").unwrap().train;
        assert_eq!(first.sample_shape, [1, 2, 3].into());
        assert_eq!(first.features, Features::Bytes((1..=12).collect()));
    }

    #[test]
    fn regression_takes_one_or_more_numbers() {
        let x = floats("(2, 1)", &[0.5, -1.0]);
        let one = [("a", x.clone()), ("b", floats("(2,)", &[3.0, 4.0]))];
        let names = "task = \"regression\"\nx_train = \"a\"\ny_train = \"b\"";
        let splits = load(&one, names).unwrap();
        assert_eq!(splits.train.features, Features::Floats(vec![0.5, -1.0]));
        assert_eq!(splits.train.targets, Targets::Values { values: vec![3.0, 4.0], width: 1 });
        let two = [("a", x), ("b", floats("(2, 2)", &[1.0, 2.0, 3.0, 4.0]))];
        assert_eq!(load(&two, names).unwrap().train.target(), Target::Value { width: 2 });
    }

    #[test]
    fn splits_must_agree() {
        let x = || floats("(2, 2)", &[0.0; 4]);
        let y = |labels: &[u8]| npy("|u1", "(2,)", labels);
        let all = |test_x, test_y| {
            load(&[("x_train", x()), ("y_train", y(&[0, 1])), ("x_test", test_x), ("y_test", test_y)], "")
        };
        let test = all(x(), y(&[0, 0])).unwrap().test.unwrap();
        assert_eq!(test.target(), Target::Class { classes: 2 });
        assert!(all(x(), y(&[0, 2])).unwrap_err().contains("test label 2"));
        assert!(all(floats("(2, 1)", &[0.0; 2]), y(&[0, 0])).unwrap_err().contains("test samples 1"));
        assert!(all(floats("(1, 2)", &[0.0; 2]), y(&[0, 0])).unwrap_err().contains("for the 1 samples"));
        let other = all(npy("|u1", "(2, 2)", &[0; 4]), y(&[0, 0])).unwrap_err();
        assert!(other.contains("array `x_test` has bytes") && other.contains("in `x_train`"), "{other}");
    }

    #[test]
    fn says_what_is_wrong_with_which_array() {
        let x = || ("x_train", floats("(1, 1)", &[0.0]));
        let message = |y: Vec<u8>| load(&[x(), ("y_train", y)], "").unwrap_err();
        assert!(load(&[x()], "").unwrap_err().contains("`y_train`: not in the file, which has x_train"));
        assert!(
            load(&[x(), ("y_train", npy("|u1", "(1,)", &[0]))], "x_test = \"typo\"")
                .unwrap_err()
                .contains("`typo`")
        );
        assert!(message(npy("|i1", "(1,)", &[0xff])).contains("label -1"));
        assert!(message(npy("<u4", "(1,)", &[0, 0, 0, 1])).contains("labels are 0 to"));
        assert!(message(floats("(1,)", &[0.5])).contains("label 0.5"));
        assert!(message(npy("|u1", "(1, 3)", &[0, 1, 0])).contains("argmax"));
        assert!(message(b"text".to_vec()).contains("not an NPY file"));
    }

    #[test]
    fn rejects_damaged_archives() {
        let (_folder, path) =
            saved(&[("x_train", floats("(1, 1)", &[0.0])), ("y_train", npy("|u1", "(1,)", &[0]))]);
        let whole = std::fs::read(&path).unwrap();
        let config = config(&path, "");
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(config.load(&SearchPath::default(), 0).unwrap_err().exit_code(), 3);
        }
        for byte in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[byte] ^= 0x55;
            std::fs::write(&path, &damaged).unwrap();
            // Some bytes (times, host system) mean nothing here; none may lead to other numbers.
            if let Ok(splits) = config.load(&SearchPath::default(), 0) {
                assert_eq!(splits.train.features, Features::Floats(vec![0.0]), "byte {byte}");
            }
        }
    }
}
