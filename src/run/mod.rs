//! Runs, from an [`Experiment`] and its data to a trained [`Model`].
//!
//! ```
//! use taper::Experiment;
//! use taper::run::{Model, Options, Place, train};
//!
//! # fn main() -> taper::Result<()> {
//! let folder = std::env::temp_dir().join(format!("taper-run-{}", std::process::id()));
//! let mut experiment = Experiment::built_in("synthetic_mlp")?;
//! experiment.train.max_steps = Some(10);
//! let place = Place::New { folder: folder.clone(), force: true };
//! let outcome = train(&experiment, Options { place, ..Options::default() })?;
//! assert_eq!((outcome.summary.steps, outcome.summary.reason.as_str()), (10, "max_steps"));
//! assert_eq!(Model::load(&outcome.folder)?.classes().len(), 10);
//! # std::fs::remove_dir_all(&folder).map_err(taper::Error::io(&folder, "delete it"))
//! # }
//! ```

pub(crate) mod build;
mod changes;
mod ending;
mod evaluation;
mod folds;
mod model;
mod origin;
mod outcome;
mod overridden;
pub(crate) mod parts;
mod predicting;
mod resumed;
mod sample_files;
mod scales;
mod session;
mod stopped;
mod summary;
mod unwritable;

pub use evaluation::{Evaluation, SplitName};
pub use folds::{Folds, Spread};
pub use model::Model;
pub use origin::Folders;
pub use outcome::Outcome;
pub use overridden::override_config;
pub(crate) use parts::Run;
pub use session::{Options, Place, train};
pub use stopped::Stopped;

// The parts of a checkpoint, and the position of a run.
pub use crate::checkpoint::{Card, Checkpoint, State};
pub use crate::durable::Draft;
pub use crate::inference::{
    Answer, Mistake, Mistakes, Prediction, Row, SampleResult, SampleTarget, Threshold, Views, Wrong,
};
pub use crate::run_folder::RunFolder;

use crate::error::{Error, Result};
use crate::experiment::Experiment;

/// The config of `checkpoint`, checked like any other, because a lone weights file may come from anywhere.
///
/// # Errors
/// [`Error::Checkpoint`] if this version of taper does not support it.
pub fn config_of(checkpoint: &Checkpoint) -> Result<Experiment> {
    read_config(checkpoint, None)
}

/// As [`config_of`], for a program with layers and data of user code, in `given`.
///
/// # Errors
/// As [`config_of`].
pub(crate) fn config_with(checkpoint: &Checkpoint, given: &Experiment) -> Result<Experiment> {
    read_config(checkpoint, Some(given))
}

fn read_config(checkpoint: &Checkpoint, given: Option<&Experiment>) -> Result<Experiment> {
    let refuse = |message: String| Error::checkpoint(&checkpoint.place, message);
    let experiment = Experiment::from_json_with(&checkpoint.card.experiment, given)
        .map_err(|message| refuse(format!("its config is invalid: {message}")))?;
    if experiment.preprocess.normalize.is_some() != checkpoint.card.normalize.is_some() {
        return Err(refuse("its config and its `normalize` contradict each other".to_owned()));
    }
    if experiment.preprocess.targets.is_some() != checkpoint.card.targets.is_some() {
        return Err(refuse("its config and its `targets` contradict each other".to_owned()));
    }
    Ok(experiment)
}
