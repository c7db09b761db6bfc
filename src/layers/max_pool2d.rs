//! Max-pooling: the largest value of each window. Among equal values the first gets the whole gradient, as
//! in PyTorch.

use serde::{Deserialize, Serialize};

use super::LayerConfig;
use super::pool::Pool;
use crate::network::{Id, Net, Operation};

/// `max_pool2d`: the largest value of each window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Config(pub Pool);

impl LayerConfig for Config {
    fn nodes(&self, input: Id, net: &mut Net) -> Result<Id, String> {
        let window = self.0.window("max_pool2d", net.shape(input))?;
        net.add(Operation::MaxPool(window), &[input], Vec::new())
    }
}
