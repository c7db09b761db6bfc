//! Images to flat samples: [channels, height, width] to [channels · height · width], in this order,
//! as in PyTorch (Keras counts height, width, channels).

use candle_core::{Result, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::{Layer, Member, Mode, Operation};
use crate::shape::Shape;

/// `flatten`: all values of a sample in one row, as dense layers need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {}

impl Member for Config {
    fn output_shape(&self, input: &Shape) -> std::result::Result<Shape, String> {
        match input.elements() {
            Some(elements) => Ok([elements].into()),
            None => Err(format!("flatten: {input} values are too many")),
        }
    }

    fn flops(&self, _input: &Shape) -> u64 {
        0
    }

    fn operations(&self, _input: &Shape) -> Option<Vec<Operation>> {
        Some(vec![Operation::Flatten])
    }

    fn build(&self, _input: &Shape, _variables: &[Var], _index: usize) -> Box<dyn Layer> {
        Box::new(Flatten)
    }
}

/// The live layer.
struct Flatten;

impl Layer for Flatten {
    fn forward(&self, x: &Tensor, _mode: Mode) -> Result<Tensor> {
        x.flatten_from(1)
    }
}
