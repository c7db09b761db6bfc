//! Element-wise functions between layers.

use serde::{Deserialize, Serialize};

use super::LayerConfig;
use crate::network::{Id, Net};
use crate::ops::Activation;

/// `activation`: applies a function element-wise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The function.
    pub function: Activation,
}

impl LayerConfig for Config {
    fn nodes(&self, input: Id, net: &mut Net) -> Result<Id, String> {
        net.activate(input, Some(self.function))
    }
}
