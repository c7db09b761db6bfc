//! A fully connected layer: y = x Wᵀ + b, then the activation.

use candle_core::{Tensor, Var};
use serde::{Deserialize, Serialize};

use super::{Activation, Layer, Member, Mode, Operation, ParameterSpec};
use crate::init::Initializer;
use crate::ops;
use crate::shape::Shape;

/// `dense`: every output is a weighted sum of all inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The number of outputs.
    #[schemars(range(min = 1, max = 100_000_000))]
    pub units: usize,
    /// A function applied to the outputs.
    #[serde(default)]
    pub activation: Option<Activation>,
    /// Whether a bias is added.
    #[serde(default = "yes")]
    pub bias: bool,
    /// The first values of the weights.
    #[serde(default = "glorot_uniform")]
    pub kernel_initializer: Initializer,
    /// The first values of the bias.
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

impl Member for Config {
    fn output_shape(&self, input: &Shape) -> Result<Shape, String> {
        match input.0.as_slice() {
            [_] => Ok([self.units].into()),
            _ => Err(format!("dense needs a flat input, not {input}; put `{{ flatten = {{}} }}` before it")),
        }
    }

    fn parameters(&self, input: &Shape) -> Vec<ParameterSpec> {
        let features = input.0[0];
        let fans = [features, self.units];
        let weight =
            ParameterSpec::trainable("weight", vec![self.units, features], self.kernel_initializer, fans);
        let bias = ParameterSpec::trainable("bias", vec![self.units], self.bias_initializer, fans);
        if self.bias { vec![weight, bias] } else { vec![weight] }
    }

    fn flops(&self, input: &Shape) -> u64 {
        let outputs = self.units as u64;
        let activation = self.activation.map_or(0, Activation::flops_per_value);
        outputs * (2 * input.0[0] as u64 + u64::from(self.bias) + activation)
    }

    fn operations(&self, input: &Shape) -> Option<Vec<Operation>> {
        let dense = Operation::Dense { inputs: input.0[0], units: self.units };
        Some(std::iter::once(dense).chain(self.activation.map(Operation::Activation)).collect())
    }

    fn build(&self, _input: &Shape, variables: &[Var], _index: usize) -> Box<dyn Layer> {
        Box::new(Dense {
            weight: variables[0].clone(),
            bias: variables.get(1).cloned(),
            activation: self.activation,
        })
    }
}

/// The live layer.
struct Dense {
    weight: Var,       // [units, features]
    bias: Option<Var>, // [units]
    activation: Option<Activation>,
}

impl Layer for Dense {
    fn forward(&self, x: &Tensor, _mode: Mode) -> candle_core::Result<Tensor> {
        let y = ops::dense(x, &self.weight, self.bias.as_deref())?; // [batch, units]
        match self.activation {
            Some(activation) => activation.forward(&y),
            None => Ok(y),
        }
    }
}
