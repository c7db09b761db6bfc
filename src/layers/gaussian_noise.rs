//! Gaussian noise: during training, y = x + ε with ε normal of mean 0 (Bishop, 1995: for small noise as weight decay,
//! Tikhonov's). Evaluation leaves values unchanged.

use serde::{Deserialize, Serialize};

use super::LayerConfig;
use crate::network::{Id, Net, Operation};

/// `gaussian_noise`: during training, adds normal noise with mean 0 to each value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The standard deviation of the noise, in the unit of the layer's input: pixels are scaled to [0, 1] before.
    #[schemars(range(min = 0))]
    pub deviation: f64,
}

impl LayerConfig for Config {
    fn nodes(&self, input: Id, net: &mut Net) -> Result<Id, String> {
        let noise = Operation::GaussianNoise { deviation: self.deviation, layer: net.number() };
        net.add(noise, &[input], Vec::new())
    }
}
