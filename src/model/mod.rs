//! The network: `[model]` as a plan of shapes, and the plan as live layers.

mod parameters;
mod plan;
mod sequential;

pub use parameters::{Parameter, Parameters};
pub use plan::{Plan, Row};
pub use sequential::Model;

use serde::{Deserialize, Serialize};

use crate::layers;

/// `[model]`: layers, applied one after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The layers, from the input to the logits.
    #[schemars(length(min = 1, max = 10_000))]
    pub layers: Vec<layers::Config>,
}

impl Config {
    /// The function that the last layer applies to its outputs.
    #[must_use]
    pub fn final_activation(&self) -> Option<layers::Activation> {
        match self.layers.last()? {
            layers::Config::dense(dense) => dense.activation,
            layers::Config::activation(activation) => Some(activation.function),
            _ => None,
        }
    }

    /// The same network with its last activation left to the loss: what is trained and evaluated
    /// gives logits. Indices of layers, and so the names of parameters, stay as they are.
    #[must_use]
    pub fn without_final_activation(&self) -> Self {
        let mut config = self.clone();
        match config.layers.last_mut() {
            Some(layers::Config::dense(dense)) => dense.activation = None,
            Some(layers::Config::activation(_)) => {
                config.layers.pop();
            }
            _ => {}
        }
        config
    }
}
