//! Predictors, which run a network and hold only its weights, and engines, which train it.
//!
//! ```
//! use taper::internals::{data::Loader, run::Run};
//! use taper::{Experiment, candle_core::Device, data::SearchPath};
//!
//! # fn main() -> taper::Result<()> {
//! let experiment = Experiment::built_in("synthetic_mlp")?;
//! let mut run = Run::new(experiment, &SearchPath::default(), Device::Cpu)?;
//! let (train, scaling) = (&run.data.train, &run.data.scaling);
//! let mut batches = Loader::new(train, &[0, 7], 2, scaling);
//! let batch = batches.next()?.expect("a batch");
//! assert_eq!(run.engine.logits(&batch.samples)?.len(), 2 * 10);
//! # Ok(())
//! # }
//! ```

mod fused;
mod gradient;
mod graph;
mod team;

pub use fused::{Compiled, Fused, FusedPredictor, compile};
pub use gradient::{Gradient, Part};
pub use graph::{Graph, GraphPredictor};
pub use team::SharedTeam;

use candle_core::DType;
use serde::{Deserialize, Serialize};

use crate::data::{Batch, Samples};
use crate::error::{Error, Result};
use crate::network::Parameters;
use crate::optimizer::{Adjustment, Optimizer};

/// The engine that runs the training steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The fastest one that supports all layers.
    #[default]
    Auto,
    /// candle's autograd: any layer, any device.
    Graph,
    /// Hand-written kernels for the CPU, several times faster.
    Fused,
}

/// A network with its weights. It can be sent to another thread.
pub trait Predictor: Send {
    /// The name of its engine, as in `train.engine`.
    fn name(&self) -> &'static str;

    /// The logits for `samples`, without dropout: `[samples, outputs]` row by row, valid until the next
    /// call. The fused engine computes the same bits for a sample in any batch.
    ///
    /// # Errors
    /// If the samples do not fit the network, or candle returns an error.
    fn logits(&mut self, samples: &Samples<'_>) -> Result<&[f32]>;

    /// The network's variables.
    fn parameters(&self) -> &Parameters;
}

/// A predictor that can be trained. Engines share parameters and optimizer state as candle variables,
/// so a checkpoint does not depend on the engine that wrote it.
pub trait Engine: Predictor {
    /// Forward, backward and update for one batch.
    ///
    /// `step` counts from 0. If the loss is not finite, no parameter is updated.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if this step made a parameter, a running statistic or the optimizer's state
    /// infinite or NaN; if the samples do not fit the network, or candle returns an error.
    fn step(&mut self, batch: &Batch<'_>, step: u64, learning_rate: f64) -> Result<Step<'_>>;

    /// The forward pass of training for a batch, which updates the running statistics of batch normalization and nothing
    /// else.
    ///
    /// # Errors
    /// If the samples do not fit the network, or candle returns an error.
    fn observe(&mut self, batch: &Batch<'_>, step: u64) -> Result<()>;

    /// Adds the gradient of the mean loss of a step's batch, or of `part` of it, to the
    /// [gradient](Self::gradient), which starts at 0; [`apply`](Self::apply) then updates the parameters.
    /// The parts of a batch add up, to rounding and in the order given, to the gradient of the batch, and
    /// their losses to its mean loss.
    ///
    /// Batch normalization uses the statistics of the part, and updates its running averages with each
    /// part.
    ///
    /// `step` counts from 0. If the loss is not finite, nothing is added.
    ///
    /// # Errors
    /// As [`step`](Self::step), but for the gradient instead of the parameters.
    fn gradients(&mut self, batch: &Batch<'_>, part: Part, step: u64) -> Result<Step<'_>>;

    /// The gradient accumulated since the last [`apply`](Self::apply), to read or to change, for example by
    /// clipping.
    fn gradient(&mut self) -> &mut Gradient;

    /// Updates all parameters with the gradient and resets it to 0. After [`gradients`](Self::gradients) of
    /// a whole batch, this completes a [`step`](Self::step).
    ///
    /// # Errors
    /// As [`step`](Self::step).
    fn apply(&mut self, step: u64, learning_rate: f64) -> Result<()>;

    /// Sets how the updates of each trained parameter differ from now on; an empty list means that none does.
    fn adjust(&mut self, adjustments: &[Adjustment]);

    /// Turns the measurement of the phases of steps on or off.
    fn profile(&mut self, _on: bool) {}

    /// The time spent in each phase of the steps since the last call, in order; empty if the engine does
    /// not distinguish phases, 0 unless they are [measured](Self::profile).
    fn phases(&mut self) -> Vec<(String, std::time::Duration)> {
        Vec::new()
    }

    /// The optimizer, for saving and restoring its state.
    fn optimizer(&self) -> &dyn Optimizer;
}

/// The result of a training step, or of a part of one.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The sum of the losses before the update, divided by the number of samples in the step's batch.
    pub loss: f64,
    /// The logits that the loss was computed from, `[samples, outputs]` row by row.
    pub logits: &'a [f32],
}

/// Returns an error that names the first parameter or state that is not finite after `step` steps. It reads
/// all values: call it only when something is known to be non-finite.
fn check_finite(parameters: &Parameters, optimizer: &dyn Optimizer, step: u64) -> Result<()> {
    let own = parameters.iter().map(|parameter| (parameter.name.clone(), parameter.variable.clone()));
    for (name, variable) in own.chain(parameters.state_of(optimizer)) {
        let values: Vec<f64> = variable.flatten_all()?.to_dtype(DType::F64)?.to_vec1()?;
        if let Some(value) = values.iter().find(|value| !value.is_finite()) {
            return Err(Error::NotFinite { name, value: *value, step });
        }
    }
    Ok(())
}
