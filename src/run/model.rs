//! A trained network from a checkpoint.

use std::path::{Path, PathBuf};
use std::time::Instant;

use candle_core::Device;

use super::build::load_predictor;
use super::changes::first_change;
use super::evaluation::{Evaluation, SplitName, choose};
use super::origin::Folders;
use super::{config_of, config_with};
use crate::checkpoint::Checkpoint;
use crate::data::{Loading, Prepared, SearchPath, Splits, preprocess};
use crate::engine::{Predictor, SharedTeam};
use crate::error::{Error, Result};
use crate::events::PassReport;
use crate::experiment::Experiment;
use crate::inference::{Each, SampleResult, Split, Viewed, Views, evaluate_each};
use crate::interrupt::Interrupt;
use crate::metrics;
use crate::network::Parameters;
use crate::threads;

/// A trained network with its weights and their description.
pub struct Model {
    pub(super) checkpoint: Checkpoint,
    pub(super) experiment: Experiment,
    pub(super) predictor: Box<dyn Predictor>,
    pub(super) watch: Box<dyn FnMut(&PassReport) + Send>,
    pub(super) loading: Loading,
}

impl Model {
    /// Loads a network onto the CPU from a run folder (its best checkpoint, else the latest), a checkpoint
    /// folder, or a `.safetensors` file written by taper.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it cannot be used.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let checkpoint = Checkpoint::open(path.as_ref(), |_| {})?;
        let experiment = config_of(&checkpoint)?;
        Self::with_config(checkpoint, experiment, &Device::Cpu)
    }

    /// As [`load`](Self::load), for a network with layers or data of user code, taken from `experiment`. If
    /// only the data is user code, [`load`](Self::load) suffices for prediction.
    ///
    /// # Errors
    /// [`Error::Checkpoint`], also if `experiment` is not what was trained: if its seed, network, loss,
    /// validation split or preprocessing differs.
    pub fn load_as(path: impl AsRef<Path>, experiment: &Experiment) -> Result<Self> {
        let checkpoint = Checkpoint::open(path.as_ref(), |_| {})?;
        let trained = config_with(&checkpoint, experiment)?;
        if let Some(change) = first_change(&trained, experiment) {
            return Err(Error::checkpoint(&checkpoint.place, format!("holds a different network: {change}")));
        }
        Self::with_config(checkpoint, experiment.clone(), &Device::Cpu)
    }

    /// The network of `checkpoint` on `device`, with `experiment` in place of the checkpoint's config, to use
    /// other data or another engine.
    ///
    /// # Errors
    /// [`Error::Usage`] if `experiment` changes what was trained; [`Error::Checkpoint`] if weights and config
    /// do not match.
    pub fn with_config(checkpoint: Checkpoint, mut experiment: Experiment, device: &Device) -> Result<Self> {
        let team = SharedTeam::new(threads::count());
        if let Some(change) = first_change(&config_with(&checkpoint, &experiment)?, &experiment) {
            // Another seed or fraction would mix training samples into the validation split.
            let message = format!("{change}; eval measures what was trained, so --set cannot change it");
            return Err(Error::Usage(message));
        }
        let predictor = load_predictor(&checkpoint, &experiment, device, team)?;
        let card = &checkpoint.card;
        experiment.data.take_trained(card.columns.as_ref(), &card.classes);
        Ok(Self { checkpoint, experiment, predictor, watch: Box::new(|_| {}), loading: Loading::default() })
    }

    /// Calls `watch` at the start of an evaluation or a prediction and after each batch, for example to show
    /// progress.
    pub fn watch(&mut self, watch: impl FnMut(&PassReport) + Send + 'static) {
        self.watch = Box::new(watch);
    }

    /// The same network, whose logits are the means over several views of each image.
    ///
    /// # Errors
    /// [`Error::Usage`] if its samples are no images.
    pub fn with_views(self, views: Views) -> Result<Self> {
        let predictor = Viewed::new(self.predictor, views, &self.checkpoint.card.sample_shape)?;
        Ok(Self { predictor: Box::new(predictor), ..self })
    }

    /// The config of the training; for a table, including the columns and classes of the file.
    #[must_use]
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// The source checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The weights by name, as candle variables.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        self.predictor.parameters()
    }

    /// The names of the classes, by index; empty if numbers are predicted.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.checkpoint.card.classes
    }

    /// Evaluates on a split of the data in the config; by default the test samples, else the validation
    /// samples, else the training samples.
    ///
    /// # Errors
    /// [`Error::Data`] if the data cannot be read, or does not match the weights; [`Error::Usage`] if there
    /// is no such split; [`Error::StoppedReading`] or [`Error::Interrupted`] after a signal.
    pub fn evaluate(&mut self, split: Option<SplitName>, search: &SearchPath) -> Result<Evaluation> {
        let samples = self.load_samples(&self.search(search))?;
        self.measure(samples, split, &search.loading, None)
    }

    /// As [`evaluate`](Self::evaluate), and calls `each` for every sample.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate), and any error of `each`.
    pub fn evaluate_each(
        &mut self,
        split: Option<SplitName>,
        search: &SearchPath,
        each: &mut Each<'_>,
    ) -> Result<Evaluation> {
        let search = self.search(search);
        let samples = self.load_samples(&search)?;
        self.measure(samples, split, &search.loading, Some((each, &search)))
    }

    /// Adds the folders of the run to `search`.
    fn search(&self, search: &SearchPath) -> SearchPath {
        Folders::of(&self.checkpoint).search(search.clone())
    }

    fn load_samples(&self, search: &SearchPath) -> Result<Splits> {
        let (data, seed) = (&self.experiment.data, self.experiment.seed);
        data.load(&self.experiment.split, search, seed).map_err(Folders::explain)
    }

    /// As [`evaluate`](Self::evaluate), on samples in memory.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn evaluate_on(&mut self, samples: Splits, split: Option<SplitName>) -> Result<Evaluation> {
        samples.check().map_err(|message| Error::data("samples", message))?;
        self.measure(samples, split, &Loading::default(), None)
    }

    fn measure(
        &mut self,
        samples: Splits,
        split: Option<SplitName>,
        loading: &Loading,
        each: Option<(&mut Each<'_>, &SearchPath)>,
    ) -> Result<Evaluation> {
        if let Some(message) = self.checkpoint.card.misfit(&samples.train) {
            return Err(Error::data(self.experiment.data.name(), message));
        }
        let scaling = self.checkpoint.card.scaling(&samples.train.features.buffer());
        // The checkpoint's normalization applies, not one measured on these samples.
        let no_preprocessing = preprocess::Config::default();
        let data =
            Prepared::new(samples, &self.experiment.split, &no_preprocessing, self.experiment.seed, loading)?;
        let (split, dataset, order) = choose(split, &data)?;
        let trained = self.checkpoint.state.as_ref().map(|state| &state.data);
        let drawn = match split {
            SplitName::Train => false,
            SplitName::Validation => data.validation.is_none(),
            SplitName::Test => data.test.is_none(),
        };
        let from_training = split != SplitName::Test || drawn;
        let other_data = from_training && trained.is_some_and(|digest| *digest != data.digest);
        if other_data && drawn {
            let message = format!(
                "the data has changed since training, so the {} samples drawn from it would include samples \
                 that were trained on; use the run's own data, or another split",
                if split == SplitName::Test { "test" } else { "validation" }
            );
            return Err(Error::data(self.experiment.data.name(), message));
        }
        let files = match &each {
            Some((_, search)) => self.sample_files(split, search)?,
            None => Vec::new(),
        };
        let mut named = each.map(|(each, _)| {
            let file = |index: usize| files.get(index).map(PathBuf::as_path);
            move |sample: SampleResult<'_>| each(SampleResult { file: file(sample.index), ..sample })
        });
        let each = named.as_mut().map(|named| named as &mut Each<'_>);
        let start = Instant::now();
        let chosen = Split { dataset, indices: &order, requested: &metrics::ON_REQUEST };
        let loss = self.experiment.loss.member();
        let never = Interrupt::default();
        let mut watch = reporter(&mut self.watch, split.name(), order.len(), loading.interrupt());
        let running =
            evaluate_each(self.predictor.as_mut(), loss, chosen, &scaling, &never, &mut watch, each)?
                .ok_or(Error::Interrupted(2))?;
        let seconds = start.elapsed().as_secs_f64();
        drop(watch);
        let position = self.checkpoint.state.as_ref().map(|state| &state.position);
        Ok(Evaluation {
            split,
            running,
            threshold: None,
            classes: self.classes().to_vec(),
            other_data,
            seconds,
            checkpoint: self.checkpoint.place.clone(),
            step: position.map(|position| position.step),
            epoch: position.map(|position| position.epoch),
            conditions: self.experiment.gate.clone(),
        })
    }
}

/// A function that reports how many of the `samples` of `split` are done to `watch`, and fails once `interrupt` is set.
pub(super) fn reporter(
    watch: &mut impl FnMut(&PassReport),
    split: &'static str,
    samples: usize,
    interrupt: &Interrupt,
) -> impl FnMut(u64) -> Result<()> {
    move |done| {
        watch(&PassReport { split, done, samples: samples as u64 });
        interrupt.signal().map_or(Ok(()), |signal| Err(Error::Interrupted(signal)))
    }
}
