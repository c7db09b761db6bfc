//! Average-pooling: the mean of each window.

use serde::{Deserialize, Serialize};

use super::LayerConfig;
use super::pool::Pool;
use crate::network::{Id, Net, Operation};

/// `avg_pool2d`: the mean of each window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Config(pub Pool);

impl LayerConfig for Config {
    fn nodes(&self, input: Id, net: &mut Net) -> Result<Id, String> {
        let window = self.0.window("avg_pool2d", net.shape(input))?;
        net.add(Operation::AveragePool(window), &[input], Vec::new())
    }
}
