//! Two-dimensional convolution (cross-correlation, as in all frameworks):
//! `y[f, i, j] = b[f] + Σ w[f, c, u, v] x[c, i s + u - p, j s + v - p]`, then the activation.

use candle_core::{Result, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::dense::{glorot_uniform, yes, zeros};
use super::window::{Padding, Size, accepted, slide, windows};
use super::{Activation, Layer, Member, Mode, Operation, ParameterSpec};
use crate::init::Initializer;
use crate::ops;
use crate::shape::Shape;
use taper_kernels::window::Window;

/// `conv2d`: filters that slide over an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The number of filters, which is the number of channels of the output.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub filters: usize,
    /// The size of each filter in pixels: one number, or `[height, width]`.
    pub kernel_size: Size,
    /// The step from one position to the next in pixels: one number, or `[height, width]`.
    #[serde(default = "one")]
    pub strides: Size,
    /// What happens at the edge of the image.
    #[serde(default)]
    pub padding: Padding,
    /// A function applied to the outputs.
    #[serde(default)]
    pub activation: Option<Activation>,
    /// Whether a bias is added.
    #[serde(default = "yes")]
    pub bias: bool,
    /// The first values of the filters.
    #[serde(default = "glorot_uniform")]
    pub kernel_initializer: Initializer,
    /// The first values of the bias.
    #[serde(default = "zeros")]
    pub bias_initializer: Initializer,
}

fn one() -> Size {
    Size::Square(1)
}

impl Config {
    fn slide(&self, input: &Shape) -> std::result::Result<(usize, Window), String> {
        slide("conv2d", input, self.kernel_size, self.strides, self.padding)
    }
}

impl Member for Config {
    fn output_shape(&self, input: &Shape) -> std::result::Result<Shape, String> {
        let (channels, window) = self.slide(input)?;
        let [height, width] = window.kernel;
        let weights = Shape(vec![self.filters, channels, height, width]);
        let output = windows(self.filters, &window);
        // A kernel and its outputs must be countable before anyone asks for them.
        match (weights.elements(), output.elements()) {
            (Some(0), _) => Err("conv2d: at least one filter and one channel are needed".to_owned()),
            (Some(_), Some(_)) => Ok(output),
            _ => Err(format!("conv2d: {weights} weights for {output} outputs are too many")),
        }
    }

    fn parameters(&self, input: &Shape) -> Vec<ParameterSpec> {
        let (channels, Window { kernel: [height, width], .. }) = accepted(self.slide(input));
        let fans = [channels * height * width, self.filters * height * width];
        let shape = vec![self.filters, channels, height, width];
        let weight = ParameterSpec::trainable("weight", shape, self.kernel_initializer, fans);
        let bias = ParameterSpec::trainable("bias", vec![self.filters], self.bias_initializer, fans);
        if self.bias { vec![weight, bias] } else { vec![weight] }
    }

    fn flops(&self, input: &Shape) -> u64 {
        let (channels, window) = accepted(self.slide(input));
        let products = (channels * window.kernel[0] * window.kernel[1]) as u64;
        let activation = self.activation.map_or(0, Activation::flops_per_value);
        let each = products.saturating_mul(2).saturating_add(u64::from(self.bias) + activation);
        each.saturating_mul((self.filters * window.positions()) as u64)
    }

    fn operations(&self, input: &Shape) -> Option<Vec<Operation>> {
        let (channels, window) = accepted(self.slide(input));
        let convolution = Operation::Convolution { window, channels, filters: self.filters };
        Some(std::iter::once(convolution).chain(self.activation.map(Operation::Activation)).collect())
    }

    fn build(&self, input: &Shape, variables: &[Var], _index: usize) -> Box<dyn Layer> {
        Box::new(Conv2d {
            weight: variables[0].clone(),
            bias: variables.get(1).cloned(),
            window: accepted(self.slide(input)).1,
            activation: self.activation,
        })
    }
}

/// The live layer.
struct Conv2d {
    weight: Var,       // [filters, channels, height, width]
    bias: Option<Var>, // [filters]
    window: Window,
    activation: Option<Activation>,
}

impl Layer for Conv2d {
    fn forward(&self, x: &Tensor, _mode: Mode) -> Result<Tensor> {
        let y = ops::conv2d(x, &self.weight, self.bias.as_deref(), &self.window)?;
        match self.activation {
            Some(activation) => activation.forward(&y),
            None => Ok(y),
        }
    }
}
