//! The composition root: an [`Experiment`] to live parts, in reading order.

use std::collections::BTreeMap;

use candle_core::Device;

use super::build::{build_engine, fit_plan};
use super::changes::first_change;
use super::config_with;
use crate::checkpoint::{Card, Checkpoint, State};
use crate::data::{Prepared, SearchPath, Splits};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::metrics::Running;
use crate::network::Plan;
use crate::position::{Course, Position};

/// The live parts of a run.
pub struct Run {
    /// What it was made from.
    pub experiment: Experiment,
    /// Where tensors are.
    pub device: Device,
    /// The samples.
    pub data: Prepared,
    /// What the weights mean.
    pub card: Card,
    /// The shapes.
    pub plan: Plan,
    /// What takes the steps.
    pub engine: Box<dyn Engine>,
    config_folder: String,
}

impl Run {
    /// Loads the data and builds the network and its optimizer, with first values.
    ///
    /// # Errors
    /// What is wrong with the data, or where it does not fit the network.
    pub fn new(experiment: Experiment, search: &SearchPath, device: Device) -> Result<Self> {
        let (split, seed) = (&experiment.split, experiment.seed);
        let splits = experiment.data.load_for(experiment.classes(), split, search, seed)?;
        Self::with_samples(experiment, splits, search, device)
    }

    /// The same with samples that are at hand, which are not checked.
    ///
    /// # Errors
    /// Where they do not fit the network; a signal.
    pub fn with_samples(
        experiment: Experiment,
        splits: Splits,
        search: &SearchPath,
        device: Device,
    ) -> Result<Self> {
        if splits.train.is_empty() {
            return Err(Error::data(experiment.data.name(), "has no training samples"));
        }
        if let Some(own) = splits.test.as_ref().filter(|_| experiment.split.test > 0.0) {
            let message = format!(
                "has {} test samples of its own, and `split.test` would take others from its training samples; \
                 remove one of the two",
                own.len()
            );
            return Err(Error::data(experiment.data.name(), message));
        }
        let mut card = Card::new(experiment.to_json(), &splits.train);
        experiment.require_classes(&card.classes)?;
        let plan = fit_plan(&experiment, &card)?;
        let data = Prepared::new(
            splits,
            &experiment.split,
            &experiment.preprocess,
            experiment.seed,
            &search.loading,
        )?;
        if data.validation_order.is_empty() {
            experiment.require_validation()?;
        }
        card.normalize.clone_from(&data.normalize);
        card.columns.clone_from(&data.columns);
        card.targets.clone_from(&data.targets);
        tracing::info!("data {}, digest {}", experiment.data.name(), data.digest);
        let engine = build_engine(&experiment, &plan, &device)?;
        if device.is_cpu() {
            let (threads, isa) = (crate::threads::count(), taper_kernels::simd::lanes::Isa::detect());
            tracing::info!("the CPU computes with {threads} threads and {isa:?} instructions");
        }
        let folder = std::path::absolute(search.config_folder.join(".")).unwrap_or_default();
        let config_folder = folder.to_string_lossy().into_owned();
        Ok(Self { experiment, device, data, card, plan, engine, config_folder })
    }

    /// The state of a run that has not begun.
    #[must_use]
    pub fn fresh_state(&self) -> State {
        State {
            taper: env!("CARGO_PKG_VERSION").to_owned(),
            seed: self.experiment.seed,
            position: Position { course: self.course(), ..Position::default() },
            running: Running::new(self.data.train.target()).in_units(self.data.scaling.target_units()),
            seconds: 0.0,
            epoch_seconds: 0.0,
            last: Vec::new(),
            data: self.data.digest.clone(),
            config_folder: self.config_folder.clone(),
            callbacks: BTreeMap::new(),
            files: BTreeMap::new(),
        }
    }

    /// The length of the run, as far as its config decides it.
    #[must_use]
    pub fn course(&self) -> Course {
        let train = &self.experiment.train;
        let samples = self.data.train_order.len() as u64;
        Course::new(samples, train.batch_size as u64, train.epochs, train.max_steps)
    }

    /// Takes up the weights, the optimizer's state and the position of `checkpoint`.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it belongs to another network, optimizer, seed or data, or to data
    /// that was split or normalized in another way.
    pub fn restore(&self, checkpoint: &Checkpoint) -> Result<State> {
        let refuse = |message: &str| Err(Error::checkpoint(&checkpoint.place, message));
        let Some(state) = checkpoint.state.clone() else {
            return refuse("has weights only; a run resumes from a run folder or a checkpoint folder");
        };
        if state.seed != self.experiment.seed {
            return refuse("was trained with another seed; a resumed run keeps its seed");
        }
        if state.data != self.data.digest {
            return refuse("was trained on other data; a resumed run needs the same samples");
        }
        if checkpoint.card.columns.is_some() && checkpoint.card.columns != self.card.columns {
            return refuse("was trained on columns or categories of other names; a resumed run keeps them");
        }
        let before = config_with(checkpoint, &self.experiment)?;
        if before.optimizer.name() != self.experiment.optimizer.name() {
            return refuse("was trained with another optimizer; a resumed run keeps its optimizer");
        }
        if let Some(change) = first_change(&before, &self.experiment) {
            return refuse(&format!("{change}; a resumed run keeps network, loss, split and preprocessing"));
        }
        if !state.is_possible(self.data.train_order.len() as u64, self.data.train.target()) {
            return refuse("state.json holds a position that no run on these samples can have");
        }
        checkpoint.restore_weights(self.engine.parameters())?;
        checkpoint.restore_optimizer(self.engine.parameters(), self.engine.optimizer())?;
        let position = Position { course: self.course(), ..state.position };
        Ok(State { config_folder: self.config_folder.clone(), position, ..state })
    }
}
