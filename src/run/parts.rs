//! The composition root: builds the parts of a run from an [`Experiment`].

use std::collections::BTreeMap;

use candle_core::Device;

use super::build::{build_engine, build_predictor, fit_plan};
use super::changes::first_change;
use super::config_with;
use crate::augment;
use crate::checkpoint::{Card, Checkpoint, State};
use crate::data::{Features, Prepared, SearchPath, Splits, Targets};
use crate::engine::{Engine, Predictor, SharedTeam};
use crate::error::{Error, Result};
use crate::experiment::{Experiment, InitialWeights};
use crate::metrics::Running;
use crate::network::Plan;
use crate::position::{Course, Position};
use crate::threads;
use crate::train::Average;

/// The parts of a run.
pub struct Run {
    /// The experiment that they were built from.
    pub experiment: Experiment,
    /// The device of the tensors.
    pub device: Device,
    /// The samples.
    pub data: Prepared,
    /// The description of the weights.
    pub card: Card,
    /// The shapes.
    pub plan: Plan,
    /// The engine that takes the steps.
    pub engine: Box<dyn Engine>,
    /// The averaged weights, if `[ema]` or `[swa]` asks for them.
    pub average: Option<Average>,
    /// The threads of the engine, if it runs on the CPU, and of the changes to samples.
    pub team: SharedTeam,
    config_folder: String,
}

impl Run {
    /// Loads the data and builds the network and its optimizer, with initial values.
    ///
    /// # Errors
    /// If the data is invalid or does not fit the network.
    pub fn new(experiment: Experiment, search: &SearchPath, device: Device) -> Result<Self> {
        let (split, seed) = (&experiment.split, experiment.seed);
        let splits = experiment.data.load_for(experiment.classes(), split, search, seed)?;
        Self::with_samples(experiment, splits, search, device)
    }

    /// As [`new`](Self::new), with samples in memory, which are not checked.
    ///
    /// # Errors
    /// If they do not fit the network; [`Error::StoppedReading`] after a signal.
    pub fn with_samples(
        mut experiment: Experiment,
        splits: Splits,
        search: &SearchPath,
        device: Device,
    ) -> Result<Self> {
        if splits.train.is_empty() {
            return Err(Error::data(experiment.data.name(), "has no training samples"));
        }
        if let Some(own) = splits.test.as_ref().filter(|_| experiment.split.test > 0.0) {
            let message = format!(
                "has {} test samples of its own, and `split.test` would hold out others; \
                 remove one of the two",
                own.len()
            );
            return Err(Error::data(experiment.data.name(), message));
        }
        let mut card = Card::new(experiment.to_json(), &splits.train);
        experiment.require_classes(&card.classes)?;
        let plan = fit_plan(&experiment, &card)?;
        let sampling = experiment.train.sampling.as_ref();
        if let Some(message) = sampling.and_then(|sampling| sampling.misfit(splits.train.target())) {
            return Err(Error::data("train.sampling", message));
        }
        if let (Some(name), Features::Floats(_)) = (
            experiment.augment.as_ref().and_then(augment::Config::needs_bytes),
            splits.train.features.buffer(),
        ) {
            let message =
                format!("has numbers, but `{name}` in `augment.operations` changes bytes only; remove it");
            return Err(Error::data(experiment.data.name(), message));
        }
        let data = Prepared::new(
            splits,
            &experiment.split,
            &experiment.preprocess,
            experiment.seed,
            &search.loading,
        )?;
        if data.validation_indices.is_empty() {
            experiment.require_validation()?;
        }
        card.normalize.clone_from(&data.normalize);
        card.columns.clone_from(&data.columns);
        card.targets.clone_from(&data.targets);
        if let Targets::Classes { labels, names } = &data.train.targets {
            let mut labels = data.train_indices.iter().map(|&i| labels[i]);
            if let Some(loss) = experiment.loss.member().resolved(&mut labels, names.len()) {
                experiment.loss = loss;
                card.experiment = experiment.to_json();
            }
        }
        tracing::info!("data {}, digest {}", experiment.data.name(), data.digest);
        let team = SharedTeam::new(threads::count());
        let engine = build_engine(&experiment, &plan, &device, &team)?;
        let average = |kind| Average::new(kind, engine.parameters(), team.clone());
        let average = experiment.average().map(average).transpose()?;
        if device.is_cpu() {
            let (threads, isa) = (threads::count(), taper_kernels::simd::lanes::Isa::detect());
            tracing::info!("the CPU uses {threads} threads and {isa:?} instructions");
        }
        let folder = std::path::absolute(search.config_folder.join(".")).unwrap_or_default();
        let config_folder = folder.to_string_lossy().into_owned();
        Ok(Self { experiment, device, data, card, plan, engine, average, team, config_folder })
    }

    /// The network with the weights as they are, for predictions until they change.
    ///
    /// # Errors
    /// If candle returns an error.
    pub fn predictor(&self) -> Result<Box<dyn Predictor>> {
        let (parameters, team) = (self.engine.parameters().clone(), SharedTeam::new(threads::count()));
        build_predictor(&self.experiment, &self.plan, parameters, &self.device, team)
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

    /// The length of the run, as determined by its config.
    #[must_use]
    pub fn course(&self) -> Course {
        self.experiment.course(self.data.train_indices.len() as u64)
    }

    /// Sets the weights to those of `train.init_from`, if it is set, and returns what they consist of.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] or [`Error::Usage`] if they cannot be used.
    pub fn load_initial_weights(&self, search: &SearchPath) -> Result<Option<InitialWeights>> {
        let Some(initial) = self.experiment.initial_weights(&self.plan, search)? else { return Ok(None) };
        initial.load(self.engine.parameters())?;
        self.average.as_ref().map_or(Ok(()), Average::restart)?;
        Ok(Some(initial.describe(&self.plan)))
    }

    /// Checks that `before`, the config of `checkpoint`, froze the same parameters: the state of the optimizer is that of the others.
    fn require_same_frozen(&self, before: &Experiment, checkpoint: &Checkpoint) -> Result<()> {
        let before = fit_plan(before, &checkpoint.card)?;
        let changed = before.specs.iter().zip(&self.plan.specs).find(|(then, now)| then.frozen != now.frozen);
        let Some((then, now)) = changed else { return Ok(()) };
        let states = [then.frozen, now.frozen].map(|frozen| if frozen { "frozen" } else { "trained" });
        let message = format!(
            "`{}` was {} and is now {}; a resumed run must freeze the same parameters; to train others, use `until_epoch` or \
             `from_epoch` from the start, or start a new run from these weights with `train.init_from`",
            then.name, states[0], states[1]
        );
        Err(Error::checkpoint(&checkpoint.place, message))
    }

    /// Restores the weights, the optimizer's state and the position from `checkpoint`.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if the network, optimizer, seed, data, split or preprocessing differs.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<State> {
        let refuse = |message: &str| Err(Error::checkpoint(&checkpoint.place, message));
        let Some(state) = checkpoint.state.clone() else {
            return refuse("holds weights only; resume from a run folder or a checkpoint folder");
        };
        if state.seed != self.experiment.seed {
            return refuse("was trained with a different seed; a resumed run must keep its seed");
        }
        if state.data != self.data.digest {
            return refuse("was trained on different data; a resumed run needs the same samples");
        }
        if checkpoint.card.columns.is_some() && checkpoint.card.columns != self.card.columns {
            return refuse("was trained on different columns or categories; a resumed run must keep them");
        }
        let before = config_with(checkpoint, &self.experiment)?;
        if before.optimizer.name() != self.experiment.optimizer.name() {
            return refuse("was trained with a different optimizer; a resumed run must keep its optimizer");
        }
        let averages = |experiment: &Experiment| [experiment.ema.is_some(), experiment.swa.is_some()];
        if averages(&before) != averages(&self.experiment) {
            return refuse(
                "was trained with other averages; a resumed run must keep `[ema]` or `[swa]`, or go without it",
            );
        }
        if let Some(change) = first_change(&before, &self.experiment) {
            return refuse(&format!(
                "{change}; a resumed run must keep network, loss, split and preprocessing"
            ));
        }
        self.require_same_frozen(&before, checkpoint)?;
        if !state.is_possible(self.data.train_indices.len() as u64, self.data.train.target()) {
            return refuse("state.json holds a position that is impossible for these samples");
        }
        checkpoint.restore_weights(self.engine.parameters())?;
        let samples = self.data.train_indices.len() as u64;
        let at_the_end = state.position.samples_in_epoch == samples;
        let raw = self.average.as_ref().map_or(&[][..], Average::others);
        checkpoint.restore_optimizer(self.engine.parameters(), self.engine.optimizer(), raw)?;
        // The weights of a checkpoint are the averages, beside those that are trained.
        if let Some(average) = &mut self.average {
            average.resume(state.position.epoch + u64::from(at_the_end), self.experiment.train.epochs);
            average.swap()?;
        }
        let position = Position { course: self.course(), ..state.position };
        Ok(State { config_folder: self.config_folder.clone(), position, ..state })
    }
}
