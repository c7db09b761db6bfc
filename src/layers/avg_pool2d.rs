//! Average-pooling: the mean of each window.

use candle_core::{Result, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::pool::Pool;
use super::{Layer, Member, Mode, Operation};
use crate::ops;
use crate::shape::Shape;
use taper_kernels::window::Window;

/// `avg_pool2d`: the mean of each window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Config(pub Pool);

impl Member for Config {
    fn output_shape(&self, input: &Shape) -> std::result::Result<Shape, String> {
        self.0.output_shape("avg_pool2d", input)
    }

    fn flops(&self, input: &Shape) -> u64 {
        self.0.flops(input)
    }

    fn operations(&self, input: &Shape) -> Option<Vec<Operation>> {
        Some(vec![Operation::AveragePool(self.0.window(input))])
    }

    fn build(&self, input: &Shape, _variables: &[Var], _index: usize) -> Box<dyn Layer> {
        Box::new(AvgPool2d(self.0.window(input)))
    }
}

/// The live layer.
struct AvgPool2d(Window);

impl Layer for AvgPool2d {
    fn forward(&self, x: &Tensor, _mode: Mode) -> Result<Tensor> {
        ops::avg_pool2d(x, &self.0)
    }
}
