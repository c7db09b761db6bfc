//! Layer normalization (Ba, Kiros and Hinton, 2016): y = γ (x - μ) / √(σ² + ε) + β with mean and (biased)
//! variance over all values of one sample.
//!
//! For flat samples this matches the defaults of Keras and PyTorch. Images are normalized over channels,
//! height and width together, with a weight for each value, as in PyTorch's `LayerNorm([C, H, W])`; Keras
//! would normalize only over the last axis.

use serde::{Deserialize, Serialize};

use super::LayerConfig;
use crate::init::Initializer;
use crate::network::{Id, Net, Operation, ParameterSpec};

/// `layer_norm`: normalizes all values of each sample to mean 0 and variance 1, then applies a learned
/// scale and shift per value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Added to the variance to avoid division by 0 for constant samples; 0.001 as in Keras.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub epsilon: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { epsilon: 1e-3 }
    }
}

impl LayerConfig for Config {
    fn nodes(&self, input: Id, net: &mut Net) -> Result<Id, String> {
        let shape = net.shape(input).clone();
        let Some(values @ 1..) = shape.elements() else {
            return Err(format!("layer_norm: a sample of {shape} values cannot be normalized"));
        };
        let parameters = [("weight", Initializer::Ones), ("bias", Initializer::Zeros)]
            .map(|(name, first)| ParameterSpec::trainable(name, shape.0.clone(), first, [values; 2]));
        net.add(Operation::LayerNorm { epsilon: self.epsilon }, &[input], parameters.into())
    }
}
