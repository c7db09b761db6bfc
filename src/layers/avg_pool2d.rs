//! Average-pooling: the mean of each window.

use candle_core::{Result, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::window::{Padding, Size, accepted, slide, windows};
use super::{Layer, Member, Pass};
use crate::kernels::window::Window;
use crate::ops;
use crate::shape::Shape;

/// `avg_pool2d`: the mean of each window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The size of each window in pixels: one number, or `[height, width]`.
    #[serde(default = "two")]
    pub pool_size: Size,
    /// The step from one window to the next: one number, or `[height, width]`; `pool_size` if not
    /// given.
    #[serde(default)]
    pub strides: Option<Size>,
    /// What happens at the edge of the image. Padding does not
    /// count towards the mean, as in Keras.
    #[serde(default)]
    pub padding: Padding,
}

fn two() -> Size {
    Size::Square(2)
}

impl Config {
    fn slide(&self, input: &Shape) -> std::result::Result<(usize, Window), String> {
        let strides = self.strides.unwrap_or(self.pool_size);
        slide("avg_pool2d", input, self.pool_size, strides, self.padding)
    }
}

impl Member for Config {
    fn output_shape(&self, input: &Shape) -> std::result::Result<Shape, String> {
        let (channels, window) = self.slide(input)?;
        Ok(windows(channels, &window))
    }

    fn flops(&self, input: &Shape) -> u64 {
        let (channels, window) = accepted(self.slide(input));
        let each = (window.kernel[0] as u64).saturating_mul(window.kernel[1] as u64);
        each.saturating_mul((channels * window.positions()) as u64)
    }

    fn build(&self, input: &Shape, _variables: &[Var], _index: usize) -> Box<dyn Layer> {
        Box::new(AvgPool2d(accepted(self.slide(input)).1))
    }
}

/// The live layer.
struct AvgPool2d(Window);

impl Layer for AvgPool2d {
    fn forward(&self, x: &Tensor, _pass: Pass) -> Result<Tensor> {
        ops::avg_pool2d(x, &self.0)
    }
}
