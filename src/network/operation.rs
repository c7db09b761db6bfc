//! What a layer computes, as plain data.

use candle_core::{Result, Tensor, Var};

use super::{Custom, Mode};
use crate::ops::{self, Activation};
use crate::shape::Shape;
use taper_kernels::window::Window;

/// One computation. Parameters are those of its node, in the order that is given here.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// y = x Wᵀ, plus the bias if there is a second parameter.
    Dense {
        /// Values of a sample.
        inputs: usize,
        /// Outputs of a sample.
        units: usize,
    },
    /// Filters over an image, plus the bias if there is a second parameter.
    Convolution {
        /// Where the filters are applied.
        window: Window,
        /// Channels of the input.
        channels: usize,
        /// Channels of the output.
        filters: usize,
    },
    /// The largest value of each window.
    MaxPool(Window),
    /// The mean of each window, without padding.
    AveragePool(Window),
    /// The mean of each channel over a whole image.
    GlobalAverage(Window),
    /// A function of each value.
    Activation(Activation),
    /// A random share of the values is set to 0 while training.
    Dropout {
        /// The share.
        rate: f64,
        /// The number of the layer, one of the counters of its random numbers.
        layer: u64,
    },
    /// Features or channels are normalized over the batch. Parameters: scale, shift, running mean, running
    /// variance.
    BatchNorm {
        /// How much of the running averages is kept.
        momentum: f64,
        /// Added to the variance.
        epsilon: f64,
    },
    /// All values of a sample are normalized. Parameters: scale, shift.
    LayerNorm {
        /// Added to the variance.
        epsilon: f64,
    },
    /// An image becomes a flat list, channel by channel.
    Flatten,
    /// The sum of two values of the same shape.
    Add,
    /// What user code computes.
    Custom(Custom),
}

impl Operation {
    /// The shape of the result for one sample of shape `input`.
    #[must_use]
    pub fn output(&self, input: &Shape) -> Shape {
        let channels = input.0.first().copied().unwrap_or(0);
        let image = |channels: usize, window: &Window| [channels, window.output[0], window.output[1]].into();
        match self {
            Self::Dense { units, .. } => [*units].into(),
            Self::Convolution { window, filters, .. } => image(*filters, window),
            Self::MaxPool(window) | Self::AveragePool(window) => image(channels, window),
            Self::GlobalAverage(_) => [channels].into(),
            Self::Flatten => [input.elements().unwrap_or(0)].into(),
            Self::Custom(custom) => custom.output.clone(),
            Self::Activation(_)
            | Self::Dropout { .. }
            | Self::BatchNorm { .. }
            | Self::LayerNorm { .. }
            | Self::Add => input.clone(),
        }
    }

    /// Floating-point operations for one sample of shape `input`, with `parameters` parameters; a
    /// multiply-add counts as two.
    #[must_use]
    pub fn flops(&self, input: &Shape, parameters: usize) -> u64 {
        let bias = u64::from(parameters > 1);
        let outputs = self.output(input).elements().unwrap_or(usize::MAX) as u64;
        let each = match self {
            Self::Dense { inputs, .. } => (*inputs as u64).saturating_mul(2).saturating_add(bias),
            Self::Convolution { window, channels, .. } => {
                let products = channels.saturating_mul(window.kernel[0]).saturating_mul(window.kernel[1]);
                (products as u64).saturating_mul(2).saturating_add(bias)
            }
            Self::MaxPool(window) | Self::AveragePool(window) | Self::GlobalAverage(window) => {
                (window.kernel[0] as u64).saturating_mul(window.kernel[1] as u64)
            }
            Self::Activation(function) => function.flops_per_value(),
            Self::BatchNorm { .. } => 4,
            Self::LayerNorm { .. } => 8,
            Self::Add => 1,
            Self::Custom(custom) => return custom.flops,
            Self::Dropout { .. } | Self::Flatten => 0,
        };
        each.saturating_mul(outputs)
    }

    /// The result for a batch, `[batch, input shape]` to `[batch, output shape]`, recorded for autograd.
    ///
    /// # Errors
    /// If the tensor library refuses, which a checked network does not lead to.
    pub fn forward(&self, inputs: &[&Tensor], parameters: &[Var], mode: Mode) -> Result<Tensor> {
        let x = inputs[0];
        match self {
            Self::Dense { .. } => ops::dense(x, &parameters[0], parameters.get(1).map(|bias| &**bias)),
            Self::Convolution { window, .. } => {
                ops::conv2d(x, &parameters[0], parameters.get(1).map(|bias| &**bias), window)
            }
            Self::MaxPool(window) => ops::max_pool2d(x, window),
            Self::AveragePool(window) => ops::avg_pool2d(x, window),
            Self::GlobalAverage(_) => x.flatten_from(2)?.mean(2), // [batch, channels]
            Self::Activation(function) => function.forward(x),
            Self::Dropout { rate, layer } => match mode {
                Mode::Training { seed, step, first } => ops::dropout(x, *rate, [seed, step, *layer], first),
                Mode::Inference => Ok(x.clone()),
            },
            Self::BatchNorm { momentum, epsilon } => {
                let momentum = matches!(mode, Mode::Training { .. }).then_some(*momentum);
                ops::batch_norm(x, parameters, momentum, *epsilon)
            }
            Self::LayerNorm { epsilon } => ops::layer_norm(x, &parameters[0], &parameters[1], *epsilon),
            Self::Flatten => x.flatten_from(1),
            Self::Add => x + inputs[1],
            Self::Custom(custom) => custom.forward(x, parameters, mode),
        }
    }
}
