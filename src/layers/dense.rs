//! A fully connected layer: y = x Wᵀ + b, then the activation.

use serde::{Deserialize, Serialize};

use super::{Activation, LayerConfig};
use crate::init::Initializer;
use crate::network::{Id, Net, Operation, ParameterSpec};

/// `dense`: every output is a weighted sum of all inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The number of outputs.
    #[schemars(range(min = 1, max = 100_000_000))]
    pub units: usize,
    /// The activation applied to the outputs.
    #[serde(default)]
    pub activation: Option<Activation>,
    /// Whether a bias is added.
    #[serde(default = "yes")]
    pub bias: bool,
    /// How the weights are initialized.
    #[serde(default = "glorot_uniform")]
    pub kernel_initializer: Initializer,
    /// How the bias is initialized.
    #[serde(default = "zeros")]
    pub bias_initializer: Initializer,
}

pub(super) fn yes() -> bool {
    true
}

pub(super) fn glorot_uniform() -> Initializer {
    Initializer::GlorotUniform
}

pub(super) fn zeros() -> Initializer {
    Initializer::Zeros
}

impl LayerConfig for Config {
    fn nodes(&self, input: Id, net: &mut Net) -> Result<Id, String> {
        let [features] = net.shape(input).0[..] else {
            let shape = net.shape(input);
            return Err(format!(
                "dense needs a flat input, not {shape}; put `{{ flatten = {{}} }}` before it"
            ));
        };
        let fans = [features, self.units];
        let weight =
            ParameterSpec::trainable("weight", vec![self.units, features], self.kernel_initializer, fans);
        let bias = ParameterSpec::trainable("bias", vec![self.units], self.bias_initializer, fans);
        let parameters = if self.bias { vec![weight, bias] } else { vec![weight] };
        let dense = Operation::Dense { inputs: features, units: self.units };
        let y = net.add(dense, &[input], parameters)?;
        net.activate(y, self.activation)
    }
}
