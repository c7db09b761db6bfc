//! The data sets: one file for each, written as `[data.NAME]`.

pub mod cifar10;
pub mod csv;
pub mod custom;
pub mod digits;
pub mod fashion_mnist;
pub mod image_folder;
pub mod kmnist;
pub mod linear;
pub mod mnist;
pub mod npz;
pub mod synthetic;

mod classes;
mod mnist_family;
mod task;

pub use classes::Classes;
pub use mnist_family::Options as MnistOptions;
pub use task::Task;

use std::path::{Path, PathBuf};

use crate::config::{Problems, registry};
use crate::data::{Columns, Dataset, Facts, SearchPath, Splits, Surveyed};
use crate::error::{Error, Result};

registry! {
    /// `[data.NAME]`: the samples to train and test on.
    Config: DataConfig {
        synthetic, digits, linear, mnist, fashion_mnist, kmnist, cifar10, image_folder, csv, npz;
        custom
    }
}

impl Config {
    /// Gives a data set that was read from a checkpoint its code, if it is of user code and `given` is the
    /// same; without it a network still predicts.
    pub fn take_code(&mut self, given: Option<&Self>) {
        if let Self::custom(own) = self {
            own.take_code(
                given.and_then(|given| if let Self::custom(given) = given { Some(given) } else { None }),
            );
        }
    }

    /// Lets a file be read by the `columns` and into the `classes` that a network was trained on, where the
    /// options leave them to it.
    pub fn take_trained(&mut self, columns: Option<&Columns>, classes: &[String]) {
        match (self, columns) {
            (Self::csv(own), Some(columns)) => own.take_trained(columns, classes),
            (Self::npz(own), _) => own.take_trained(classes),
            _ => {}
        }
    }
}

/// A data set that a config can name.
pub trait DataConfig {
    /// Reports what is wrong with the options, without looking at a disk.
    fn validate(&self, problems: &mut Problems<'_>);

    /// What is known from the options alone.
    fn facts(&self) -> Facts;

    /// Where the files are, for `taper check`: a short text, or an error that says how to get them.
    ///
    /// # Errors
    /// What is missing and how to get it.
    fn locate(&self, search: &SearchPath) -> Result<String>;

    /// What is known once the files are looked at, where the options alone leave it open, for a network with so many
    /// `outputs` as in [`load_for`](Self::load_for).
    ///
    /// # Errors
    /// What is wrong with the files.
    fn survey(&self, _outputs: Option<usize>, _search: &SearchPath) -> Result<Surveyed> {
        Ok(Surveyed { facts: self.facts(), classes: Vec::new() })
    }

    /// Reads or generates everything, checked.
    ///
    /// # Errors
    /// [`Error::Data`] naming the file, what is wrong and what to do.
    fn load(&self, search: &SearchPath, seed: u64) -> Result<Splits>;

    /// The same for a network with so many `outputs`, one for each class, where they are known. Where labels are
    /// numbers, they say how many classes there are: not each of them need have a sample.
    ///
    /// # Errors
    /// As [`load`](Self::load), also if there is a label beyond the outputs.
    fn load_for(&self, _outputs: Option<usize>, search: &SearchPath, seed: u64) -> Result<Splits> {
        self.load(search, seed)
    }

    /// The files of the samples, where each has one of its own; no files are read.
    ///
    /// # Errors
    /// [`Error::Data`] if they cannot be listed.
    fn sample_files(&self, _search: &SearchPath) -> Result<SampleFiles> {
        Ok(SampleFiles::default())
    }

    /// Whether there may be samples to validate on beside those to train on, which is known once they are read.
    fn may_validate(&self) -> bool {
        false
    }

    /// What such samples are called, for messages.
    fn validation_samples(&self) -> String {
        "samples of its own".to_owned()
    }

    /// Whether `file`, which the config names for validation, is where these samples are, too.
    fn validates_on(&self, _file: &Path, _search: &SearchPath) -> bool {
        false
    }

    /// Whether [`load_validation`](Self::load_validation) can read validation samples.
    fn takes_validation_file(&self) -> bool {
        false
    }

    /// Reads samples to validate on from `file`, with the classes and the columns of `splits`, which has
    /// those to train on.
    ///
    /// # Errors
    /// [`Error::Data`], also for a data set that has none in files.
    fn load_validation(&self, file: &Path, _splits: &Splits, _search: &SearchPath) -> Result<Dataset> {
        Err(Error::data(file, "this data set has no validation samples in files"))
    }
}

/// The files of samples, in the order of the samples; nothing where samples have no files of their own.
#[derive(Clone, Debug, Default)]
pub struct SampleFiles {
    /// Of those to train on, from which others may be set aside.
    pub train: Option<Vec<PathBuf>>,
    /// Of those to validate on that the data set has besides.
    pub validation: Option<Vec<PathBuf>>,
    /// Of those to test on that the data set has besides.
    pub test: Option<Vec<PathBuf>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::data::Features;

    /// The least that each member needs; its files do not exist.
    fn minimal(name: &str) -> Config {
        let options = match name {
            "csv" => "path = 'none.csv'\ntarget = 'y'",
            "image_folder" => "path = 'none'\nheight = 2\nwidth = 2",
            "npz" => "path = 'none.npz'",
            _ => "",
        };
        toml::from_str(&format!("[{name}]\n{options}")).unwrap()
    }

    #[test]
    fn every_member_loads_what_it_promises_or_says_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let search = SearchPath {
            folders: vec![folder.path().to_path_buf()],
            config_folder: folder.path().to_path_buf(),
            ..SearchPath::default()
        };
        for name in Config::NAMES {
            let config = minimal(name);
            assert_eq!(config.name(), *name);
            let mut found = Vec::new();
            config.member().validate(&mut Problems::new(&mut found));
            assert_eq!(found, [], "{name}");
            let located = config.member().locate(&search);
            match config.member().load(&search, 1) {
                Ok(splits) => {
                    let facts = config.member().facts();
                    for dataset in [Some(&splits.train), splits.test.as_ref()].into_iter().flatten() {
                        assert_eq!(Some(&dataset.sample_shape), facts.sample_shape.as_ref(), "{name}");
                        assert_eq!(Some(dataset.target()), facts.target, "{name}");
                        let values = match &dataset.features {
                            Features::Bytes(bytes) => bytes.len(),
                            Features::Floats(floats) => floats.len(),
                        };
                        assert_eq!(Some(values), dataset.sample_shape.elements().map(|n| n * dataset.len()));
                    }
                    assert_eq!(located.unwrap(), "generated");
                }
                Err(error) => {
                    assert_eq!(error.exit_code(), 3, "{name}: {error}");
                    assert!(!error.to_string().contains('\n'), "{name}: {error}");
                    assert_eq!(located.unwrap_err().to_string(), error.to_string());
                }
            }
        }
    }

    /// A config file with a data section only.
    #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct File {
        data: Config,
    }

    fn load_config(text: &str) -> std::result::Result<File, String> {
        let input =
            config::Input { name: "a.toml".to_owned(), text: text.into(), ..config::Input::default() };
        config::load(&input, &config::schema::<File>(), &[], |file: &File, problems| {
            file.data.member().validate(&mut problems.key("data"));
        })
        .map_err(|diagnostics| diagnostics.to_string())
    }

    #[test]
    fn the_schema_knows_every_option() {
        for (options, wrong) in [
            ("mnist]\ntrain_samples = 5", "mnist]\ntrain_samples = 0"),
            ("fashion_mnist]\ntest_samples = 1", "fashion_mnist]\ntest_samples = 1.5"),
            ("cifar10]\ntrain_samples = 7", "cifar10]\ntrain = 1"),
            ("digits]\nsize = 8\ndistortion = 1", "digits]\ndistortion = 1.5"),
            ("linear]\nslope = -3\nnoise = 0.1", "linear]\nx_min = 2"),
            (
                "csv]\npath = 'a'\ntarget = 'b'\ndelimiter = ';'\nfeatures = ['c']\ntask = 'regression'",
                "csv]\npath = 'a'\ntarget = 'b'\nfeatures = []",
            ),
            (
                "csv]\npath = 'a'\ntarget = 'b'\ndelimiter = \"\\t\"",
                "csv]\npath = 'a'\ntarget = 'b'\ndelimiter = ''",
            ),
            ("npz]\npath = 'a'\nlayout = 'channels_first'", "npz]\npath = 'a'\nlayout = 'channels'"),
            (
                "image_folder]\npath = 'a'\nheight = 4\nwidth = 4096\nclasses = ['b']",
                "image_folder]\npath = 'a'\nheight = 4\nwidth = 4097",
            ),
        ] {
            load_config(&format!("[data.{options}")).unwrap();
            let message = load_config(&format!("[data.{wrong}")).unwrap_err();
            // Found by our own checks, which know the line, not by serde.
            assert!(message.contains("a.toml:"), "{message}");
        }
    }
}
