//! Spatial dropout (Tompson et al., 2015), scaled during training: all values of a channel become 0 with probability
//! `rate`, and x / (1 - rate) otherwise. Evaluation leaves values unchanged.

use serde::{Deserialize, Serialize};

use super::LayerConfig;
use crate::network::{Id, Net, Operation};
use crate::ops::Unit;

/// `spatial_dropout`: during training, sets a random share of the channels of an image to 0 and scales up the others:
/// neighboring pixels are so much alike that single ones which are dropped are hardly missed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The share of the channels set to 0.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub rate: f64,
}

impl LayerConfig for Config {
    fn nodes(&self, input: Id, net: &mut Net) -> Result<Id, String> {
        let shape = net.shape(input);
        if shape.image().is_none() {
            return Err(format!("spatial_dropout: needs an image, not {shape}; use `dropout`"));
        }
        let dropout = Operation::Dropout { rate: self.rate, unit: Unit::Channel, layer: net.number() };
        net.add(dropout, &[input], Vec::new())
    }
}
