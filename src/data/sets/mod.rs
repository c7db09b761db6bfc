//! The data sets, one file each, selected by `[data.NAME]`.

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
    /// `[data.NAME]`: the training and test samples.
    Config: DataConfig {
        synthetic, digits, linear, mnist, fashion_mnist, kmnist, cifar10, image_folder, csv, npz;
        custom
    }
}

impl Config {
    /// If a data set read from a checkpoint is user code, gives it the code of `given`, if that is the same
    /// data set; without code, a network can still predict.
    pub fn take_code(&mut self, given: Option<&Self>) {
        if let Self::custom(own) = self {
            own.take_code(
                given.and_then(|given| if let Self::custom(given) = given { Some(given) } else { None }),
            );
        }
    }

    /// Adopts the `columns` and `classes` of a trained network, unless the options specify them, so that
    /// other files are read by them.
    pub fn take_trained(&mut self, columns: Option<&Columns>, classes: &[String]) {
        match (self, columns) {
            (Self::csv(own), Some(columns)) => own.take_trained(columns, classes),
            (Self::npz(own), _) => own.take_trained(classes),
            _ => {}
        }
    }
}

/// A data set that a config can select.
pub trait DataConfig {
    /// Reports invalid options, without accessing files.
    fn validate(&self, problems: &mut Problems<'_>);

    /// The properties that the options alone determine.
    fn facts(&self) -> Facts;

    /// Describes briefly where the files are, for `taper check`.
    ///
    /// # Errors
    /// What is missing and how to get it.
    fn locate(&self, search: &SearchPath) -> Result<String>;

    /// The properties known after inspecting the files, if the options alone do not determine them, for a
    /// network with the given number of `outputs`, as in [`load_for`](Self::load_for).
    ///
    /// # Errors
    /// What is wrong with the files.
    fn survey(&self, _outputs: Option<usize>, search: &SearchPath) -> Result<Surveyed> {
        Ok(Surveyed { facts: self.facts(), classes: Vec::new(), samples: self.samples(search) })
    }

    /// The number of training samples, before any are held out, if it is known without reading all of them.
    fn samples(&self, _search: &SearchPath) -> Option<usize> {
        None
    }

    /// Loads or generates all samples and checks them.
    ///
    /// # Errors
    /// [`Error::Data`] naming the file, what is wrong and what to do.
    fn load(&self, search: &SearchPath, seed: u64) -> Result<Splits>;

    /// As [`load`](Self::load), for a network with the given number of `outputs` (one per class), if known.
    /// For numeric labels it determines the number of classes: some of them may have no sample.
    ///
    /// # Errors
    /// As [`load`](Self::load), also if a label exceeds the number of outputs.
    fn load_for(&self, _outputs: Option<usize>, search: &SearchPath, seed: u64) -> Result<Splits> {
        self.load(search, seed)
    }

    /// The files of the samples, if each has its own; the files are not read.
    ///
    /// # Errors
    /// [`Error::Data`] if they cannot be listed.
    fn sample_files(&self, _search: &SearchPath) -> Result<SampleFiles> {
        Ok(SampleFiles::default())
    }

    /// Whether the data set may contain validation samples, which is certain only after loading.
    fn may_validate(&self) -> bool {
        false
    }

    /// Describes these validation samples, for messages.
    fn validation_samples(&self) -> String {
        "its own".to_owned()
    }

    /// Whether `file`, which the config names for validation, is where these samples are.
    fn validates_on(&self, _file: &Path, _search: &SearchPath) -> bool {
        false
    }

    /// Whether [`load_validation`](Self::load_validation) can read validation samples.
    fn takes_validation_file(&self) -> bool {
        false
    }

    /// Loads validation samples from `file`, with the classes and columns of `splits`, which holds the
    /// training samples.
    ///
    /// # Errors
    /// [`Error::Data`], also if the data set does not support validation files.
    fn load_validation(&self, file: &Path, _splits: &Splits, _search: &SearchPath) -> Result<Dataset> {
        Err(Error::data(file, "this data set cannot read validation samples from a file"))
    }
}

/// The files of the samples, in sample order; `None` if samples do not have their own files.
#[derive(Clone, Debug, Default)]
pub struct SampleFiles {
    /// The training samples, including those to be held out.
    pub train: Option<Vec<PathBuf>>,
    /// Separate validation samples.
    pub validation: Option<Vec<PathBuf>>,
    /// Separate test samples.
    pub test: Option<Vec<PathBuf>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::data::Features;

    /// The minimal options of each member; its files do not exist.
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
    fn every_member_loads_what_it_promises_or_reports_what_is_missing() {
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
                        let values = match dataset.features.memory().unwrap() {
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

    /// A config file with only a data section.
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
    fn the_schema_covers_every_option() {
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
            // Found by our own checks, which report the line, not by serde.
            assert!(message.contains("a.toml:"), "{message}");
        }
    }
}
