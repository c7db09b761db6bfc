//! Batch normalization (Ioffe and Szegedy, 2015): y = γ (x - μ) / √(σ² + ε) + β for each feature, or for
//! each channel of images.
//!
//! Training uses the mean μ and (biased) variance σ² of the batch; evaluation uses running averages, which
//! each training pass updates: running ← momentum · running + (1 - momentum) · batch. All of this follows
//! Keras; PyTorch's momentum is 1 - momentum, and its running variance is unbiased.

use serde::{Deserialize, Serialize};

use super::{Activation, LayerConfig};
use crate::init::Initializer;
use crate::network::{Id, Net, Operation, ParameterSpec};

/// `batch_norm`: normalizes each feature or channel to mean 0 and variance 1 over the batch, then applies a
/// learned scale and shift.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The share of the running averages kept at each step; 0.99 as in Keras.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub momentum: f64,
    /// Added to the variance to avoid division by 0 for constant values; 0.001 as in Keras.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub epsilon: f64,
    /// The activation applied to the outputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
}

impl Default for Config {
    fn default() -> Self {
        Self { momentum: 0.99, epsilon: 1e-3, activation: None }
    }
}

impl LayerConfig for Config {
    fn nodes(&self, input: Id, net: &mut Net) -> Result<Id, String> {
        let ([features] | [features, _, _]) = net.shape(input).0[..] else {
            let shape = net.shape(input);
            return Err(format!("batch_norm needs features or channels x height x width, not {shape}"));
        };
        let specify = |name, initializer, trainable| ParameterSpec {
            trainable,
            ..ParameterSpec::trainable(name, vec![features], initializer, [features; 2])
        };
        let parameters = vec![
            specify("weight", Initializer::Ones, true),
            specify("bias", Initializer::Zeros, true),
            specify("running_mean", Initializer::Zeros, false),
            specify("running_var", Initializer::Ones, false),
        ];
        let operation = Operation::BatchNorm { momentum: Some(self.momentum), epsilon: self.epsilon };
        let y = net.add(operation, &[input], parameters)?;
        net.activate(y, self.activation)
    }
}
