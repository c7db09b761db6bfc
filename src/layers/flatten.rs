//! Images to flat samples: [channels, height, width] to [channels · height · width], in this order,
//! as in PyTorch (Keras counts height, width, channels).

use serde::{Deserialize, Serialize};

use super::LayerConfig;
use crate::network::{Id, Net, Operation};

/// `flatten`: all values of a sample in one row, as dense layers need it.
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
