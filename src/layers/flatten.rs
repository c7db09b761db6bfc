//! Flattens images: [channels, height, width] to [channels · height · width], in this order as in PyTorch
//! (Keras: height, width, channels).

use serde::{Deserialize, Serialize};

use super::LayerConfig;
use crate::network::{Id, Net, Operation};

/// `flatten`: reshapes a sample to one dimension, as required by dense layers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {}

impl LayerConfig for Config {
    fn nodes(&self, input: Id, net: &mut Net) -> Result<Id, String> {
        match net.shape(input).elements() {
            Some(_) => net.add(Operation::Flatten, &[input], Vec::new()),
            None => Err(format!("flatten: {} values are too many", net.shape(input))),
        }
    }
}
