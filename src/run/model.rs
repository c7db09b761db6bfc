//! A trained network from a checkpoint.

use std::path::Path;

use candle_core::Device;

use super::{config_folder, config_of, config_with, first_change, load_predictor};
use crate::checkpoint::Checkpoint;
use crate::data::input::{Inputs, Reader};
use crate::data::{Dataset, Prepared, Scaling, SearchPath, Splits};
use crate::engine::{Predictor, SharedTeam};
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::inference::{Prediction, Split, evaluate, predict};
use crate::interrupt::Interrupt;
use crate::metrics::Running;
use crate::network::Parameters;
use crate::threads;

/// A network with its weights, and what they mean.
pub struct Model {
    checkpoint: Checkpoint,
    experiment: Experiment,
    predictor: Box<dyn Predictor>,
}

/// Samples to measure on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitName {
    /// Those that were trained on.
    Train,
    /// Those that were set aside.
    Validation,
    /// Those of the data set's own test split.
    Test,
}

/// What was measured.
pub struct Evaluation {
    /// On which samples.
    pub split: SplitName,
    /// Loss and metrics.
    pub running: Running,
}

impl Model {
    /// Loads what `path` names onto the CPU: a run folder (its best checkpoint, else the latest), a
    /// checkpoint folder, or a `.safetensors` file that taper wrote.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it cannot be used.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let checkpoint = Checkpoint::open(path.as_ref(), |_| {})?;
        let experiment = config_of(&checkpoint)?;
        Self::new(checkpoint, experiment, &Device::Cpu, SharedTeam::new(threads::count()))
    }

    /// The same for a network with layers of user code, which are those of `experiment`.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] also if `experiment` is not what was trained: if its seed, network, loss,
    /// validation split or preprocessing are others.
    pub fn load_as(path: impl AsRef<Path>, experiment: &Experiment) -> Result<Self> {
        let checkpoint = Checkpoint::open(path.as_ref(), |_| {})?;
        let trained = config_with(&checkpoint, experiment)?;
        if let Some(change) = first_change(&trained, experiment) {
            return Err(Error::checkpoint(&checkpoint.place, format!("holds another network: {change}")));
        }
        Self::new(checkpoint, experiment.clone(), &Device::Cpu, SharedTeam::new(threads::count()))
    }

    /// The network of `checkpoint` on `device`, whose work `team` does, with `experiment` in place of the
    /// checkpoint's config.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if weights and config do not belong together.
    pub fn new(
        checkpoint: Checkpoint,
        experiment: Experiment,
        device: &Device,
        team: SharedTeam,
    ) -> Result<Self> {
        let predictor = load_predictor(&checkpoint, &experiment, device, team)?;
        Ok(Self { checkpoint, experiment, predictor })
    }

    /// The config that it was trained with.
    #[must_use]
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// The checkpoint that it came from.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The weights, by name, as candle variables.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        self.predictor.parameters()
    }

    /// The names of the classes, by index; empty where numbers are predicted.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.checkpoint.card.classes
    }

    /// Reads samples to predict for, of the shape and in the units that it was trained on.
    #[must_use]
    pub fn reader(&self) -> Reader<'_> {
        let card = &self.checkpoint.card;
        Reader::new(&card.sample_shape, card.pixels, &self.experiment.data)
    }

    /// Reads samples from a file: PNG, JPEG, `.npy`, CSV, IDX or JSON.
    ///
    /// # Errors
    /// [`Error::Data`] if it cannot be read, or its samples are not of the shape that was trained on.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Inputs> {
        self.reader().read(path.as_ref())
    }

    /// Predicts for each of `inputs`, in order.
    ///
    /// # Errors
    /// [`Error::Data`] if a sample leads to values that are not finite.
    pub fn predict(&mut self, inputs: &Inputs) -> Result<Vec<Prediction>> {
        let scaling = Scaling::new(&inputs.features, self.experiment.data.member().normalize());
        predict(self.predictor.as_mut(), self.experiment.loss.member(), inputs, &scaling)
    }

    /// Loss and metrics on a split of the data that the config names; by default the first that there is
    /// of test, validation and training samples.
    ///
    /// # Errors
    /// [`Error::Data`] if the data cannot be read, or is not what the weights were trained for;
    /// [`Error::Usage`] if there is no such split.
    pub fn evaluate(&mut self, split: Option<SplitName>, search: &SearchPath) -> Result<Evaluation> {
        let search =
            SearchPath { config_folder: config_folder(&self.checkpoint).to_owned(), ..search.clone() };
        let samples = self.experiment.data.member().load(&search, self.experiment.seed)?;
        self.evaluate_on(samples, split)
    }

    /// The same on samples at hand.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn evaluate_on(&mut self, samples: Splits, split: Option<SplitName>) -> Result<Evaluation> {
        if !self.checkpoint.card.fits(&samples.train) {
            let message = "its samples or classes are not those that the checkpoint was trained for";
            return Err(Error::data(self.experiment.data.name(), message));
        }
        let data = Prepared::new(samples, self.experiment.data.member(), self.experiment.seed);
        let (split, dataset, order) = choose(split, &data)?;
        let (loss, chosen) = (self.experiment.loss.member(), Split { dataset, order: &order });
        let never = Interrupt::default();
        let running = evaluate(self.predictor.as_mut(), loss, chosen, &data.scaling, &never)?
            .ok_or(Error::Interrupted(2))?;
        Ok(Evaluation { split, running })
    }
}

impl SplitName {
    /// Its name in results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// The samples that `split` names, or the first kind that there is.
fn choose(split: Option<SplitName>, data: &Prepared) -> Result<(SplitName, &Dataset, Vec<usize>)> {
    let refuse = |message: &str| Err(Error::Usage(message.to_owned()));
    let validation = !data.validation_order.is_empty();
    let split = split.unwrap_or(match &data.test {
        Some(_) => SplitName::Test,
        None if validation => SplitName::Validation,
        None => SplitName::Train,
    });
    match (split, &data.test) {
        (SplitName::Train, _) => Ok((split, &data.train, data.train_order.clone())),
        (SplitName::Validation, _) if validation => Ok((split, &data.train, data.validation_order.clone())),
        (SplitName::Validation, _) => {
            refuse("--split validation: this run set no samples aside (validation_split)")
        }
        (SplitName::Test, Some(test)) => Ok((split, test, (0..test.len()).collect())),
        (SplitName::Test, None) => {
            refuse("--split test: this data set has no test samples; use --split validation or train")
        }
    }
}
