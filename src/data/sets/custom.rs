//! A data set of user code: put into [`Experiment::data`](crate::Experiment::data) by the program that
//! defines it, never by a file.
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
//!         let train = Dataset { sample_shape: [1].into(), features: Features::Floats(x), targets };
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

/// A data set that user code reads or makes. Only [`name`](Self::name) and [`load`](Self::load) are needed.
pub trait CustomData: Send + Sync {
    /// What it is called in reports, errors and checkpoints.
    fn name(&self) -> &'static str;

    /// What tells it from other data sets of its name; it stands in `config.toml` and in checkpoints.
    fn options(&self) -> Value {
        Value::Null
    }

    /// What is known before anything is read. A promised shape lets shapes and memory be checked before
    /// the run begins; [`load`](Self::load) must keep it.
    fn facts(&self) -> Facts {
        Facts::default()
    }

    /// Reports what is wrong with the options, without looking at a disk.
    fn validate(&self, _problems: &mut Problems<'_>) {}

    /// Where the samples are, in a few words.
    ///
    /// # Errors
    /// What is missing and how to get it.
    fn locate(&self, _search: &SearchPath) -> Result<String> {
        Ok("made by the program".to_owned())
    }

    /// The samples to train on and, where there are some, those to test on. Equal seeds must give equal
    /// samples: a run resumes on the ones that it began with only. Validation samples are no part of it;
    /// `[split]` sets some aside.
    ///
    /// # Errors
    /// [`Error::Data`] naming the file, what is wrong and what to do.
    fn load(&self, search: &SearchPath, seed: u64) -> Result<Splits>;

    /// Whether [`load_validation`](Self::load_validation) can read the file of `split.file`.
    fn takes_validation_file(&self) -> bool {
        false
    }

    /// The samples to validate on from `file`, with the classes of `train`.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    fn load_validation(&self, file: &Path, _train: &Dataset, _search: &SearchPath) -> Result<Dataset> {
        Err(Error::data(file, "this data set has no validation samples in files"))
    }
}

/// `custom`: a data set of user code. A file says no more than its name and options.
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
    /// A user's file names the data set.
    #[default]
    Missing,
    /// A checkpoint names it: its network predicts without the data.
    Unneeded,
    Given(Arc<dyn CustomData>),
}

impl Config {
    /// The samples that `data` loads.
    #[must_use]
    pub fn new(data: impl CustomData + 'static) -> Self {
        let (name, options) = (data.name().to_owned(), data.options());
        Self { name, options, code: Code::Given(Arc::new(data)) }
    }

    /// The data set's own name, or `custom` if a file or a checkpoint names it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.code().map_or("custom", |data| data.name())
    }

    /// What a checkpoint says becomes `given`, if that is the same data set; without code it does for
    /// everything but loading.
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

    /// The code, to load samples with.
    fn needed(&self) -> Result<&dyn CustomData> {
        self.code().ok_or_else(|| Error::data("custom", self.no_code()))
    }

    /// Why a data set that a file or a checkpoint names cannot be loaded.
    fn no_code(&self) -> String {
        let name: String = self.name.chars().take(100).collect();
        format!(
            "data set `{}` was written in Rust; use this from a program that has it (`taper::train`, \
             `taper::Model::load_as`), or name other data",
            name.escape_debug()
        )
    }
}

/// Whether `splits` is sound and what was promised.
fn check(splits: &Splits, facts: &Facts) -> Result<(), String> {
    splits.check()?;
    if splits.validation.is_some() {
        return Err("validation samples are set aside by `[split]`; leave `validation` out".to_owned());
    }
    let (train, given) = (&splits.train, splits.train.target());
    match (&facts.sample_shape, facts.target) {
        (Some(shape), _) if *shape != train.sample_shape => {
            Err(format!("gave samples of {}, and promised {shape}", train.sample_shape))
        }
        (_, Some(target)) if target != given => Err(format!("gave {given}, and promised {target}")),
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
