//! Two-dimensional convolution (cross-correlation, as in all frameworks):
//! `y[f, i, j] = b[f] + Σ w[f, c, u, v] x[c, i s + u - p, j s + v - p]`, then the activation.

use serde::{Deserialize, Serialize};

use super::dense::{glorot_uniform, yes, zeros};
use super::window::{Padding, Size, slide};
use super::{Activation, LayerConfig};
use crate::init::Initializer;
use crate::network::{Id, Net, Operation, ParameterSpec};
use crate::shape::Shape;

/// `conv2d`: filters that slide over an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The number of filters, which are the output's channels.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub filters: usize,
    /// The size of each filter in pixels: one number, or `[height, width]`.
    pub kernel_size: Size,
    /// The step from one position to the next in pixels: one number, or `[height, width]`.
    #[serde(default = "one")]
    pub strides: Size,
    /// How the edge of the image is handled.
    #[serde(default)]
    pub padding: Padding,
    /// The activation applied to the outputs.
    #[serde(default)]
    pub activation: Option<Activation>,
    /// Whether a bias is added.
    #[serde(default = "yes")]
    pub bias: bool,
    /// How the filters are initialized.
    #[serde(default = "glorot_uniform")]
    pub kernel_initializer: Initializer,
    /// How the bias is initialized.
    #[serde(default = "zeros")]
    pub bias_initializer: Initializer,
}

fn one() -> Size {
    Size::Square(1)
}

impl LayerConfig for Config {
    fn nodes(&self, input: Id, net: &mut Net) -> Result<Id, String> {
        let (channels, window) =
            slide("conv2d", net.shape(input), self.kernel_size, self.strides, self.padding)?;
        let ([height, width], filters) = (window.kernel, self.filters);
        let weights = Shape(vec![filters, channels, height, width]);
        let output = Shape(vec![filters, window.output[0], window.output[1]]);
        // The sizes of filters and outputs must not overflow.
        match (weights.elements(), output.elements()) {
            (Some(0), _) => return Err("conv2d: at least one filter and one channel are needed".to_owned()),
            (Some(_), Some(_)) => {}
            _ => return Err(format!("conv2d: {weights} weights for {output} outputs are too many")),
        }
        let fans = [channels * height * width, filters * height * width];
        let weight = ParameterSpec::trainable("weight", weights.0, self.kernel_initializer, fans);
        let bias = ParameterSpec::trainable("bias", vec![filters], self.bias_initializer, fans);
        let parameters = if self.bias { vec![weight, bias] } else { vec![weight] };
        let y = net.add(Operation::Convolution { window, channels, filters }, &[input], parameters)?;
        net.activate(y, self.activation)
    }
}
