//! Builds networks from a config: chooses the engine, for training and for prediction.

use candle_core::{DType, Device};

use crate::checkpoint::{Card, Checkpoint};
use crate::data::Prepared;
use crate::engine::{
    Choice, Compiled, Engine, Fused, FusedPredictor, Graph, GraphPredictor, Predictor, SharedTeam, compile,
};
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::network::{Parameters, Plan};
use crate::train::Augmenter;

/// The network of `experiment` with the weights of `checkpoint`, for evaluation and prediction on `team`.
///
/// # Errors
/// [`Error::Checkpoint`] if weights and config do not match.
pub fn load_predictor(
    checkpoint: &Checkpoint,
    experiment: &Experiment,
    device: &Device,
    team: SharedTeam,
) -> Result<Box<dyn Predictor>> {
    let refuse = |message: String| Error::checkpoint(&checkpoint.place, message);
    let plan = fit_plan(experiment, &checkpoint.card)
        .map_err(|error| refuse(format!("its config is inconsistent: {error}")))?;
    // Checked before allocating memory for weights that the file cannot hold.
    if plan.parameters().saturating_mul(4) > checkpoint.model_bytes() as u64 {
        return Err(refuse(format!("holds fewer than the {} weights of its config", plan.parameters())));
    }
    let parameters = Parameters::initialize(&plan, experiment.seed, DType::F32, device)?;
    checkpoint.restore_weights(&parameters)?;
    build_predictor(experiment, &plan, parameters, device, team)
}

/// The network of `plan` with `parameters`, which must not change from now on.
pub(super) fn build_predictor(
    experiment: &Experiment,
    plan: &Plan,
    parameters: Parameters,
    device: &Device,
    team: SharedTeam,
) -> Result<Box<dyn Predictor>> {
    if let Some(compiled) = choose_engine(experiment, plan, device)? {
        return Ok(Box::new(FusedPredictor::new(compiled, parameters, team)?));
    }
    Ok(Box::new(GraphPredictor::new(plan.clone(), parameters, device.clone())))
}

pub(super) fn build_engine(
    experiment: &Experiment,
    plan: &Plan,
    device: &Device,
    team: &SharedTeam,
) -> Result<Box<dyn Engine>> {
    let compiled = choose_engine(experiment, plan, device)?;
    let (loss, seed) = (experiment.loss.clone(), experiment.seed);
    let parameters = Parameters::initialize(plan, seed, DType::F32, device)?;
    let optimizer = experiment.optimizer.member().build(&parameters.trainable())?;
    if let Some(compiled) = compiled {
        return Ok(Box::new(Fused::new(compiled, parameters, loss, optimizer, seed, team.clone())?));
    }
    Ok(Box::new(Graph::new(plan.clone(), parameters, loss, optimizer, device.clone(), seed)))
}

/// What changes the training samples of `data`, if `experiment` says so.
#[must_use]
pub fn build_augmenter<'a>(
    experiment: &'a Experiment,
    data: &'a Prepared,
    team: &SharedTeam,
) -> Option<Augmenter<'a>> {
    let config = experiment.augment.as_ref()?;
    let course = experiment.course(data.train_indices.len() as u64);
    Some(Augmenter::new(config, experiment.seed, &data.train, course, team.clone()))
}

/// The network compiled for the fused engine, or `None` for the graph engine.
///
/// # Errors
/// [`Error::Usage`] if `train.engine` requires the fused engine, but it does not support the network.
fn choose_engine(experiment: &Experiment, plan: &Plan, device: &Device) -> Result<Option<Compiled>> {
    let lacking = match experiment.train.engine {
        Choice::Graph => return Ok(None),
        Choice::Auto | Choice::Fused if !device.is_cpu() => "a GPU".to_owned(),
        Choice::Auto | Choice::Fused => match compile(plan) {
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
        tracing::info!("the fused engine does not support {lacking}; using the graph engine");
    }
    Ok(None)
}

/// The shapes for samples as described by `card`.
pub(super) fn fit_plan(experiment: &Experiment, card: &Card) -> Result<Plan> {
    experiment.fit(&card.sample_shape, Some(card.target()), &card.classes)
}
