//! The composition root: an [`Experiment`] to live parts, in reading order.

use std::path::Path;

use candle_core::{DType, Device};

use crate::checkpoint::{Card, Checkpoint, State};
use crate::config::Problems;
use crate::data::{Prepared, SearchPath, Splits};
use crate::engine::{
    Choice, Compiled, Engine, Fused, FusedPredictor, Graph, GraphPredictor, Predictor, SharedTeam, compile,
};
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::metrics::Running;
use crate::model::{Model, Parameters, Plan};
use crate::threads;

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
        let splits = experiment.data.member().load(search, experiment.seed)?;
        Self::with_samples(experiment, splits, search, device)
    }

    /// The same with samples that are at hand.
    ///
    /// # Errors
    /// Where they do not fit the network.
    pub fn with_samples(
        experiment: Experiment,
        splits: Splits,
        search: &SearchPath,
        device: Device,
    ) -> Result<Self> {
        if splits.train.is_empty() {
            return Err(Error::data(experiment.data.name(), "has no training samples"));
        }
        let card = Card::new(experiment.to_json(), &splits.train);
        let plan = fit_plan(&experiment, &card)?;
        let data = Prepared::new(splits, experiment.data.member(), experiment.seed);
        let engine = build_engine(&experiment, &plan, &device)?;
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
            step: 0,
            epoch: 0,
            samples_in_epoch: 0,
            running: Running::new(self.data.train.target()),
            seconds: 0.0,
            best: None,
            last: Vec::new(),
            data: self.data.digest.clone(),
            config_folder: self.config_folder.clone(),
            files: crate::checkpoint::Files::default(),
        }
    }

    /// Continues from `checkpoint`: weights, optimizer and position.
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
        let before = config_of(checkpoint)?;
        if before.optimizer.name() != self.experiment.optimizer.name() {
            return refuse("was trained with another optimizer; a resumed run keeps its optimizer");
        }
        let (before, now) = (before.data.member(), self.experiment.data.member());
        if (before.validation_split(), before.normalize()) != (now.validation_split(), now.normalize()) {
            return refuse("has another `validation_split` or `normalize`; a resumed run keeps both");
        }
        if !state.is_possible(self.data.train_order.len() as u64, self.data.train.target()) {
            return refuse("state.json holds a position that no run on these samples can have");
        }
        checkpoint.restore_weights(self.engine.parameters())?;
        checkpoint.restore_optimizer(self.engine.parameters(), self.engine.optimizer())?;
        Ok(State { config_folder: self.config_folder.clone(), ..state })
    }
}

/// The config of `checkpoint`, checked like any other: a lone weights file may come from anywhere.
///
/// # Errors
/// [`Error::Checkpoint`] if it is not one that this taper can use.
pub fn config_of(checkpoint: &Checkpoint) -> Result<Experiment> {
    Experiment::from_json(&checkpoint.card.experiment)
        .map_err(|message| Error::checkpoint(&checkpoint.place, format!("its config is wrong: {message}")))
}

/// A network of `experiment` with the weights of `checkpoint`, for evaluation and prediction; `team` does
/// its work.
///
/// # Errors
/// [`Error::Checkpoint`] if weights and config do not belong together.
pub fn load_predictor(
    checkpoint: &Checkpoint,
    experiment: &Experiment,
    device: &Device,
    team: SharedTeam,
) -> Result<Box<dyn Predictor>> {
    let refuse = |message: String| Error::checkpoint(&checkpoint.place, message);
    let plan = fit_plan(experiment, &checkpoint.card)
        .map_err(|error| refuse(format!("its config does not hold together: {error}")))?;
    // Before memory is taken for what the file cannot hold.
    if plan.parameters().saturating_mul(4) > checkpoint.model_bytes() as u64 {
        return Err(refuse(format!("holds fewer than the {} weights of its config", plan.parameters())));
    }
    let parameters = Parameters::initialize(&plan, experiment.seed, DType::F32, device)?;
    checkpoint.restore_weights(&parameters)?;
    if let Some(compiled) = choose_engine(experiment, &plan, device)? {
        return Ok(Box::new(FusedPredictor::new(compiled, parameters, team)?));
    }
    let model = Model::new(&experiment.network(), &plan, parameters);
    Ok(Box::new(GraphPredictor::new(model, device.clone())))
}

fn build_engine(experiment: &Experiment, plan: &Plan, device: &Device) -> Result<Box<dyn Engine>> {
    let compiled = choose_engine(experiment, plan, device)?;
    let (loss, seed) = (experiment.loss.clone(), experiment.seed);
    let parameters = Parameters::initialize(plan, seed, DType::F32, device)?;
    let optimizer = experiment.optimizer.member().build(&parameters.trainable())?;
    if let Some(compiled) = compiled {
        let team = SharedTeam::new(threads::count());
        return Ok(Box::new(Fused::new(compiled, parameters, loss, optimizer, seed, team)?));
    }
    let model = Model::new(&experiment.network(), plan, parameters);
    Ok(Box::new(Graph::new(model, loss, optimizer, device.clone(), seed)))
}

/// The network compiled for the fused engine, or `None` where the graph engine runs.
///
/// # Errors
/// [`Error::Usage`] if `train.engine` asks for the fused engine and it does not support the network.
fn choose_engine(experiment: &Experiment, plan: &Plan, device: &Device) -> Result<Option<Compiled>> {
    let lacking = match experiment.train.engine {
        Choice::Graph => return Ok(None),
        Choice::Auto | Choice::Fused if !device.is_cpu() => "a GPU".to_owned(),
        Choice::Auto | Choice::Fused => match compile(&experiment.network(), plan) {
            Ok(compiled) => return Ok(Some(compiled)),
            Err(lacking) => lacking,
        },
    };
    if experiment.train.engine == Choice::Fused {
        return Err(Error::Usage(format!(
            "`train.engine = \"fused\"` does not support {lacking}; use \"auto\" or \"graph\""
        )));
    }
    if device.is_cpu() {
        tracing::warn!(
            "the fused engine does not support {lacking}; falling back to the slower graph engine"
        );
    } else {
        tracing::info!("the fused engine does not support {lacking}; the graph engine runs");
    }
    Ok(None)
}

/// The shapes for the samples that `card` describes.
fn fit_plan(experiment: &Experiment, card: &Card) -> Result<Plan> {
    let mut found = Vec::new();
    experiment.plan(&card.sample_shape, Some(card.target()), &mut Problems::new(&mut found)).ok_or_else(
        || {
            let texts = found.iter().map(|problem| match &problem.help {
                Some(help) => format!("{}: {} ({help})", problem.path, problem.message),
                None => format!("{}: {}", problem.path, problem.message),
            });
            let message = texts.collect::<Vec<_>>().join("; ");
            Error::data(experiment.data.name(), format!("does not fit the config: {message}"))
        },
    )
}

/// The folder that relative paths of the checkpoint's config start from: the one that the run knew,
/// or that of a lone weights file.
#[must_use]
pub fn config_folder(checkpoint: &Checkpoint) -> &Path {
    match &checkpoint.state {
        Some(state) => Path::new(&state.config_folder),
        None => checkpoint.place.parent().unwrap_or(Path::new("")),
    }
}
