//! The mean of each channel (Lin, Chen and Yan, 2014).

use candle_core::{Result, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::{Layer, Member, Mode, Operation};
use crate::shape::Shape;
use taper_kernels::window::Window;

/// `global_avg_pool2d`: the mean of each channel over the whole image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {}

impl Member for Config {
    fn output_shape(&self, input: &Shape) -> std::result::Result<Shape, String> {
        match input.image() {
            Some([_, height, width]) if height == 0 || width == 0 => {
                Err(format!("global_avg_pool2d: an image of {height} x {width} has no mean"))
            }
            Some([channels, ..]) => Ok([channels].into()),
            None => Err(format!("global_avg_pool2d needs images (channels x height x width), not {input}")),
        }
    }

    fn flops(&self, input: &Shape) -> u64 {
        input.elements().unwrap_or(0) as u64
    }

    fn operations(&self, input: &Shape) -> Option<Vec<Operation>> {
        let [_, height, width] = input.image()?;
        let window = Window::valid([height, width], [height, width], [1, 1]).ok()?;
        Some(vec![Operation::AveragePool(window), Operation::Flatten])
    }

    fn build(&self, _input: &Shape, _variables: &[Var], _index: usize) -> Box<dyn Layer> {
        Box::new(GlobalAvgPool2d)
    }
}

/// The live layer.
struct GlobalAvgPool2d;

impl Layer for GlobalAvgPool2d {
    fn forward(&self, x: &Tensor, _mode: Mode) -> Result<Tensor> {
        x.flatten_from(2)?.mean(2) // [batch, channels]
    }
}
