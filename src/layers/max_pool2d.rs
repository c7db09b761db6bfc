//! Max-pooling: the largest value of each window. The first of several equal ones gets the whole
//! gradient, as in PyTorch.

use candle_core::{Result, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::pool::Pool;
use super::{Layer, Member, Mode, Operation};
use crate::ops;
use crate::shape::Shape;
use taper_kernels::window::Window;

/// `max_pool2d`: the largest value of each window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Config(pub Pool);

impl Member for Config {
    fn output_shape(&self, input: &Shape) -> std::result::Result<Shape, String> {
        self.0.output_shape("max_pool2d", input)
    }

    fn flops(&self, input: &Shape) -> u64 {
        self.0.flops(input)
    }

    fn operations(&self, input: &Shape) -> Option<Vec<Operation>> {
        Some(vec![Operation::MaxPool(self.0.window(input))])
    }

    fn build(&self, input: &Shape, _variables: &[Var], _index: usize) -> Box<dyn Layer> {
        Box::new(MaxPool2d(self.0.window(input)))
    }
}

/// The live layer.
struct MaxPool2d(Window);

impl Layer for MaxPool2d {
    fn forward(&self, x: &Tensor, _mode: Mode) -> Result<Tensor> {
        ops::max_pool2d(x, &self.0)
    }
}
