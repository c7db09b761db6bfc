//! Element-wise functions between layers.

use candle_core::{Result, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::{Activation, Layer, Member, Mode, Operation};
use crate::shape::Shape;

/// `activation`: applies a function to each value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Which function.
    pub function: Activation,
}

impl Member for Config {
    fn output_shape(&self, input: &Shape) -> std::result::Result<Shape, String> {
        Ok(input.clone())
    }

    fn flops(&self, input: &Shape) -> u64 {
        self.function.flops_per_value() * input.elements().unwrap_or(0) as u64
    }

    fn operations(&self, _input: &Shape) -> Option<Vec<Operation>> {
        Some(vec![Operation::Activation(self.function)])
    }

    fn build(&self, _input: &Shape, _variables: &[Var], _index: usize) -> Box<dyn Layer> {
        Box::new(self.function)
    }
}

impl Layer for Activation {
    fn forward(&self, x: &Tensor, _mode: Mode) -> Result<Tensor> {
        Activation::forward(*self, x)
    }
}
