//! One training step, behind one trait.

mod fused;
mod graph;

pub use fused::Fused;
pub use graph::Graph;

use candle_core::DType;
use serde::{Deserialize, Serialize};

use crate::data::{Batch, Samples};
use crate::error::{Error, Result};
use crate::model::Parameters;
use crate::optimizer::Optimizer;

/// Which engine runs the training steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The fastest one that knows all layers.
    #[default]
    Auto,
    /// candle's autograd: any layer, any device.
    Graph,
    /// Scheduled by hand for the CPU, several times faster.
    Fused,
}

/// Something that can train and run a network. Engines share parameters and optimizer state as
/// candle variables, so a checkpoint does not depend on the engine that wrote it.
pub trait Engine {
    /// The engine's name, as in `train.engine`.
    fn name(&self) -> &'static str;

    /// Forward, backward and update for one batch.
    ///
    /// `step` counts from 0. If the loss is not finite, no parameter is updated.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if this step made a parameter, a running statistic or the optimizer's state
    /// infinite or not a number; if the samples do not fit the network, or the tensor library refuses.
    fn step(&mut self, batch: &Batch<'_>, step: u64, learning_rate: f64) -> Result<Step<'_>>;

    /// The logits for `samples`, without dropout: `[samples, outputs]` row by row, until the next call.
    ///
    /// # Errors
    /// If the samples do not fit the network, or the tensor library refuses.
    fn logits(&mut self, samples: &Samples<'_>) -> Result<&[f32]>;

    /// The time that training steps spent in each phase since the last call, in the order of the
    /// phases; empty if the engine does not tell them apart.
    fn phases(&mut self) -> Vec<(String, std::time::Duration)> {
        Vec::new()
    }

    /// The network's variables.
    fn parameters(&self) -> &Parameters;

    /// The optimizer, for saving and restoring its state.
    fn optimizer(&self) -> &dyn Optimizer;
}

/// What a training step found.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The mean loss of the batch before the update.
    pub loss: f64,
    /// The logits that the loss was computed from, `[samples, outputs]` row by row.
    pub logits: &'a [f32],
}

/// Names the first parameter or state that is not finite after `step` steps, as an error. It reads
/// everything, and so is for those who know that there is something.
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
