//! A data set implemented by user code: assigned to [`Experiment::data`](crate::Experiment::data) by the
//! program that defines it, never named in a config file.
//!
//! ```
//! use taper::data::sets::custom::{Config, CustomData};
//! use taper::data::{Dataset, Features, SearchPath, Splits, Targets};
//!
//! /// y = x²
//! struct Parabola;
//!
//! impl CustomData for Parabola {
//!     fn name(&self) -> &'static str {
//!         "parabola"
//!     }
//!
//!     fn load(&self, _: &SearchPath, _: u64) -> taper::Result<Splits> {
//!         let x: Vec<f32> = (0..100).map(|i| i as f32 / 50.0 - 1.0).collect();
//!         let targets = Targets::Values { values: x.iter().map(|x| x * x).collect(), width: 1 };
//!         let train = Dataset { sample_shape: [1].into(), features: Features::Floats(x).into(), targets };
//!         Ok(Splits { train, validation: None, test: None, columns: None })
//!     }
//! }
//!
//! # fn main() -> taper::Result<()> {
//! let mut experiment = taper::Experiment::built_in("linear_regression")?;
//! experiment.data = Config::new(Parabola).into();
//! # Ok(())
//! # }
//! ```

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::DataConfig;
use crate::config::Problems;
use crate::data::{Dataset, Facts, SearchPath, Splits};
use crate::error::{Error, Result};

/// A data set that user code loads or generates. Only [`name`](Self::name) and [`load`](Self::load) are
/// required.
pub trait CustomData: Send + Sync {
    /// The name in reports, errors and checkpoints.
    fn name(&self) -> &'static str;

    /// The options that distinguish it from other data sets with the same name; saved in `config.toml` and
    /// checkpoints.
    fn options(&self) -> Value {
        Value::Null
    }

    /// The properties known before loading. A declared shape lets shapes and memory be checked before the run
    /// begins; [`load`](Self::load) must keep it.
    fn facts(&self) -> Facts {
        Facts::default()
    }

    /// Reports invalid options, without accessing files.
    fn validate(&self, _problems: &mut Problems<'_>) {}

    /// Describes where the samples are, in a few words.
    ///
    /// # Errors
    /// What is missing and how to get it.
    fn locate(&self, _search: &SearchPath) -> Result<String> {
        Ok("provided by the program".to_owned())
    }

    /// The training samples and, if there are any, test samples. Equal seeds must give equal samples: a run
    /// resumes only on the samples with which it began. Validation samples must be left out; `[split]` holds
    /// them out.
    ///
    /// # Errors
    /// [`Error::Data`] naming the file, what is wrong and what to do.
    fn load(&self, search: &SearchPath, seed: u64) -> Result<Splits>;

    /// Whether [`load_validation`](Self::load_validation) can read the file of `split.file`.
    fn takes_validation_file(&self) -> bool {
        false
    }

    /// Loads the validation samples from `file`, with the classes of `train`.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    fn load_validation(&self, file: &Path, _train: &Dataset, _search: &SearchPath) -> Result<Dataset> {
        Err(Error::data(file, "this data set cannot read validation samples from a file"))
    }
}

/// `custom`: a data set implemented by user code. A file holds only its name and options.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    name: String,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    options: Value,
    #[serde(skip)]
    code: Code,
}

#[derive(Clone, Default)]
enum Code {
    /// The data set is named in a user's file.
    #[default]
    Missing,
    /// It is named in a checkpoint: the network can predict without the data.
    Unneeded,
    Given(Arc<dyn CustomData>),
}

impl Config {
    /// The data set of the samples that `data` loads.
    #[must_use]
    pub fn new(data: impl CustomData + 'static) -> Self {
        let (name, options) = (data.name().to_owned(), data.options());
        Self { name, options, code: Code::Given(Arc::new(data)) }
    }

    /// The data set's own name, or `custom` if it comes from a file or a checkpoint.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.code().map_or("custom", |data| data.name())
    }

    /// Takes the code from `given` if that is the same data set; without code, everything except loading still
    /// works.
    pub(super) fn take_code(&mut self, given: Option<&Self>) {
        let code = given.filter(|given| *given == self).map(|given| given.code.clone());
        self.code = code.filter(|code| matches!(code, Code::Given(_))).unwrap_or(Code::Unneeded);
    }

    fn code(&self) -> Option<&dyn CustomData> {
        match &self.code {
            Code::Given(data) => Some(data.as_ref()),
            Code::Missing | Code::Unneeded => None,
        }
    }

    /// The code that loads the samples.
    fn needed(&self) -> Result<&dyn CustomData> {
        self.code().ok_or_else(|| Error::data("custom", self.no_code()))
    }

    /// Why a data set that is named in a file or a checkpoint cannot be loaded.
    fn no_code(&self) -> String {
        let name: String = self.name.chars().take(100).collect();
        format!(
            "data set `{}` is implemented in Rust; run a program that contains it (`taper::train`, \
             `taper::Model::load_as`), or use other data",
            name.escape_debug()
        )
    }
}

/// Checks that `splits` is sound and matches `facts`.
fn check(splits: &Splits, facts: &Facts) -> Result<(), String> {
    splits.check()?;
    if splits.validation.is_some() {
        return Err("`[split]` holds out validation samples; leave `validation` empty".to_owned());
    }
    let (train, given) = (&splits.train, splits.train.target());
    match (&facts.sample_shape, facts.target) {
        (Some(shape), _) if *shape != train.sample_shape => {
            Err(format!("loaded samples of {}, but declared {shape}", train.sample_shape))
        }
        (_, Some(target)) if target != given => Err(format!("loaded {given}, but declared {target}")),
        _ => Ok(()),
    }
}

impl DataConfig for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        match &self.code {
            Code::Given(data) => data.validate(problems),
            Code::Missing => problems.report(self.no_code()),
            Code::Unneeded => {}
        }
    }

    fn facts(&self) -> Facts {
        self.code().map_or_else(Facts::default, CustomData::facts)
    }

    fn locate(&self, search: &SearchPath) -> Result<String> {
        self.needed()?.locate(search)
    }

    fn load(&self, search: &SearchPath, seed: u64) -> Result<Splits> {
        let data = self.needed()?;
        let splits = data.load(search, seed)?;
        check(&splits, &data.facts()).map_err(|message| Error::data(data.name(), message))?;
        Ok(splits)
    }

    fn takes_validation_file(&self) -> bool {
        self.code().is_none_or(CustomData::takes_validation_file)
    }

    fn load_validation(&self, file: &Path, splits: &Splits, search: &SearchPath) -> Result<Dataset> {
        let data = self.needed()?;
        let validation = data.load_validation(file, &splits.train, search)?;
        validation
            .check()
            .map_err(|message| Error::data(data.name(), format!("validation samples: {message}")))?;
        Ok(validation)
    }
}

impl From<Config> for super::Config {
    fn from(data: Config) -> Self {
        Self::custom(data)
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "custom({} {})", self.name, self.options)
    }
}

impl PartialEq for Config {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.options) == (&other.name, &other.options)
    }
}
