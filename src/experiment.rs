//! `Experiment`: a whole config as plain data, and the checks that involve several sections.
//!
//! ```
//! use taper::Experiment;
//!
//! # fn main() -> taper::Result<()> {
//! let mut experiment = Experiment::built_in("mnist_cnn")?;
//! experiment.train.epochs = 3;
//! assert_eq!(Experiment::from_toml(&experiment.to_toml())?, experiment);
//! # Ok(())
//! # }
//! ```

mod check;
mod classes;
pub mod file;
mod measured;
mod mistaken;
mod stored;
mod validate;

pub use check::{Check, Layer, LearningRates, Location};

// The configs of sections whose modules are private.
pub use crate::checkpoint::Config as CheckpointConfig;
pub use crate::engine::Choice as EngineChoice;
pub use crate::gate::Config as GateConfig;
pub use crate::model::Config as ModelConfig;
pub use crate::train::Config as TrainConfig;
pub use crate::train::clip::Config as ClipConfig;
pub use crate::train::ema::Config as EmaConfig;
pub use crate::train::init_from::{
    InitFrom, Initial, Loaded as InitialWeights, Source as InitialWeightsSource,
};
pub use crate::train::parameters::{
    Config as ParametersConfig, Group as ParameterGroup, Kind as ParameterKind, Options as ParameterOptions,
    Patterns,
};
pub use crate::train::swa::Config as SwaConfig;

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::augment;
use crate::callbacks::{early_stopping, reduce_on_plateau};
use crate::config::{self, Diagnostics, Input, Problems};
use crate::data::{self, Target};
use crate::model;
use crate::moved::MOVED;
use crate::network::Plan;
use crate::ops::Activation;
use crate::schedule::{Course, Schedule};
use crate::shape::Shape;
use crate::train::{Update, clip, ema, parameters, swa};
use crate::{checkpoint, gate, loss, optimizer, schedule, train};

/// A whole config. Loading it opens no file other than the config, and no device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// The name of the run; its folder is `runs/NAME-0001`.
    #[serde(default = "unnamed")]
    #[schemars(length(min = 1))]
    pub name: String,
    /// The random seed for initial weights, shuffling, dropout, the validation split and generated data.
    #[serde(default)]
    pub seed: u64,
    /// The data set with the samples for training and testing.
    pub data: data::Config,
    /// Which samples are held out for validation and testing.
    #[serde(default)]
    pub split: data::split::Config,
    /// The preprocessing of all samples.
    #[serde(default)]
    pub preprocess: data::preprocess::Config,
    /// Random changes to the training samples; by default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub augment: Option<augment::Config>,
    /// The network.
    pub model: model::Config,
    /// The loss function, which training minimizes.
    pub loss: loss::Config,
    /// The optimizer, which updates the parameters from their gradients.
    pub optimizer: optimizer::Config,
    /// How the learning rate of the optimizer changes during the run; by default, not at all.
    #[serde(default)]
    pub schedule: schedule::Config,
    /// The length of training and the batch size.
    #[serde(default)]
    pub train: train::Config,
    /// Limits for gradients; by default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<clip::Config>,
    /// Averages of the weights, which are then validated, tested and saved; by default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ema: Option<ema::Config>,
    /// The mean of the weights of the last epochs in place of `[ema]`; by default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swa: Option<swa::Config>,
    /// Options of some of the parameters; by default none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<parameters::Config>,
    /// When the run stops because its metric no longer improves; by default never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<early_stopping::Config>,
    /// When the learning rate is lowered because a metric no longer improves; by default never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reduce_on_plateau: Option<reduce_on_plateau::Config>,
    /// When checkpoints are written and which are kept.
    #[serde(default)]
    pub checkpoint: checkpoint::Config,
    /// Conditions that must hold at the end of the run; otherwise `taper train` exits with code 6. Each is a metric with
    /// `>=`, `>`, `<=` or `<` and a number, as in `"test.accuracy" = ">= 0.97"`.
    #[serde(default)]
    pub gate: gate::Config,
}

fn unnamed() -> String {
    "run".to_owned()
}

impl Experiment {
    /// Loads and checks a config.
    ///
    /// # Errors
    /// With all mistakes in it at once.
    pub fn load(input: &Input) -> Result<Self, Diagnostics> {
        Self::load_with(input, |_| {})
    }

    /// Loads and checks a config; `take_code` attaches the code of custom layers and data to it.
    fn load_with(input: &Input, take_code: impl Fn(&mut Self)) -> Result<Self, Diagnostics> {
        // Generating it takes longer than using it.
        static SCHEMA: LazyLock<serde_json::Value> = LazyLock::new(stored::schema);
        let with_code = |read: &Self| {
            let mut experiment = read.clone();
            take_code(&mut experiment);
            experiment
        };
        let read: Self =
            config::load(input, &SCHEMA, &MOVED, |read, problems| with_code(read).validate(problems))?;
        Ok(with_code(&read))
    }

    /// Loads and checks the `text` of a TOML config.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) with all mistakes in it.
    pub fn from_toml(text: &str) -> crate::Result<Self> {
        Self::from_input(&Input { name: "config.toml".to_owned(), text: text.into(), ..Input::default() })
    }

    /// The network as it is trained: without its last activation if that is part of the loss.
    #[must_use]
    pub fn network(&self) -> model::Config {
        match (self.model.final_activation(), self.loss.member().link()) {
            (Some(last), Some(link)) if last == link => self.model.without_final_activation(),
            _ => self.model.clone(),
        }
    }

    /// The planned length of a run with this number of training samples.
    #[must_use]
    pub fn course(&self, samples: u64) -> Course {
        Course::new(samples, self.train.batch_size as u64, self.train.epochs, self.train.max_steps)
    }

    /// The averages of weights that are validated, tested and saved.
    #[must_use]
    pub(crate) fn average(&self) -> Option<train::Kind> {
        let moving = self.ema.clone().map(train::Kind::Moving);
        moving.or_else(|| self.swa.clone().map(train::Kind::Last))
    }

    /// The number of values kept beside each parameter in training.
    fn state_count(&self) -> usize {
        self.optimizer.member().state_count() + usize::from(self.average().is_some())
    }

    /// The learning rates of a run of this `course`.
    #[must_use]
    pub fn schedule(&self, course: Course) -> Schedule {
        Schedule::new(&self.schedule, self.optimizer.member().learning_rate(), course)
    }

    /// How the steps of a run update the parameters of its `plan`; an epoch has `steps` steps.
    pub(crate) fn update(&self, plan: &Plan, steps: u64) -> Update<'_> {
        Update::new(self.clip.as_ref(), &self.parameters, plan, steps)
    }

    /// The number of classes, if the layers and the loss determine it.
    #[must_use]
    pub fn classes(&self) -> Option<usize> {
        let outputs = self.network().outputs()?;
        match self.loss.member().link()? {
            Activation::Sigmoid => Some(2).filter(|_| outputs == 1),
            _ => Some(outputs),
        }
    }

    /// Computes all shapes for samples of `shape` and checks the output against the target.
    pub fn plan(&self, shape: &Shape, target: Option<Target>, problems: &mut Problems<'_>) -> Option<Plan> {
        // The number of channels or features may be known only once the data is read.
        self.preprocess.validate(shape.0.first().copied(), &mut problems.key("preprocess"));
        if let Some(augment) = &self.augment {
            augment.validate_shape(shape, &mut problems.key("augment"));
        }
        let network = self.network();
        let mut plan = network.plan(shape, &mut problems.key("model"))?;
        parameters::freeze(&self.parameters, &mut plan, &mut problems.key("parameters"));
        let last = self.model.layers.len().saturating_sub(1);
        match plan.output().0.as_slice() {
            [outputs] => {
                if let Some(target) = target {
                    let mut place = problems.key("loss");
                    self.loss.member().validate(target, *outputs, &mut place.key(self.loss.name()));
                }
            }
            _ => problems.key("model").key("layers").index(last).report_with_help(
                format!("the network's output has shape {}; it must be one-dimensional", plan.output()),
                "end the layers with `{ flatten = {} }` and a dense layer",
            ),
        }
        problems.is_empty().then_some(plan)
    }
}
