//! Dropout (Srivastava et al., 2014), scaled during training: each value becomes 0 with probability `rate`,
//! and x / (1 - rate) otherwise. Evaluation leaves values unchanged.

use serde::{Deserialize, Serialize};

use super::LayerConfig;
use crate::network::{Id, Net, Operation};
use crate::ops::Unit;

/// `dropout`: during training, sets a random share of the values to 0 and scales up the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The share of the values set to 0.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub rate: f64,
}

impl LayerConfig for Config {
    fn nodes(&self, input: Id, net: &mut Net) -> Result<Id, String> {
        let dropout = Operation::Dropout { rate: self.rate, unit: Unit::Value, layer: net.number() };
        net.add(dropout, &[input], Vec::new())
    }
}
