//! The operations of layers, as plain data.

use candle_core::{Result, Tensor, Var};

use super::{Custom, Mode};
use crate::ops::{self, Activation, Unit};
use crate::shape::Shape;
use taper_kernels::window::Window;

/// One operation. Its parameters are those of its node, in the order given here.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// y = x Wᵀ, plus the bias if there is a second parameter.
    Dense {
        /// Inputs per sample.
        inputs: usize,
        /// Outputs per sample.
        units: usize,
    },
    /// Convolution of an image, plus the bias if there is a second parameter.
    Convolution {
        /// The positions of the filters.
        window: Window,
        /// Channels of the input.
        channels: usize,
        /// Channels of the output.
        filters: usize,
    },
    /// The maximum of each window.
    MaxPool(Window),
    /// The mean of each window, excluding padding.
    AveragePool(Window),
    /// The mean of each channel over a whole image.
    GlobalAverage(Window),
    /// An element-wise function.
    Activation(Activation),
    /// During training, a random share of the values is set to 0.
    Dropout {
        /// The share.
        rate: f64,
        /// The values that are set to 0 together.
        unit: Unit,
        /// The number of the layer, one of the counters of its random numbers.
        layer: u64,
    },
    /// During training, normal noise with mean 0 is added.
    GaussianNoise {
        /// Its standard deviation.
        deviation: f64,
        /// As of dropout.
        layer: u64,
    },
    /// Normalization of features or channels over the batch. Parameters: scale, shift, running mean,
    /// running variance.
    BatchNorm {
        /// The share of the running averages kept at each step; `None` if training uses them as inference does, and leaves
        /// them unchanged.
        momentum: Option<f64>,
        /// Added to the variance.
        epsilon: f64,
    },
    /// Normalization of all values of a sample. Parameters: scale, shift.
    LayerNorm {
        /// Added to the variance.
        epsilon: f64,
    },
    /// Flattening of an image, channel by channel.
    Flatten,
    /// The sum of two values of the same shape.
    Add,
    /// An operation defined by user code.
    Custom(Custom),
}

impl Operation {
    /// The shape of the output for one sample of shape `input`.
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
            | Self::GaussianNoise { .. }
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
            Self::Dropout { .. } | Self::GaussianNoise { .. } | Self::Flatten => 0,
        };
        each.saturating_mul(outputs)
    }

    /// Computes the output for a batch, from `[batch, input shape]` to `[batch, output shape]`, recorded
    /// for autograd.
    ///
    /// # Errors
    /// If candle returns an error; it never does for a validated network.
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
            Self::Dropout { rate, unit, layer } => match mode {
                Mode::Training { seed, step, first } => {
                    ops::dropout(x, (*rate, *unit), [seed, step, *layer], first)
                }
                Mode::Inference => Ok(x.clone()),
            },
            Self::GaussianNoise { deviation, layer } => match mode {
                Mode::Training { seed, step, first } => {
                    ops::gaussian_noise(x, *deviation, [seed, step, *layer], first)
                }
                Mode::Inference => Ok(x.clone()),
            },
            Self::BatchNorm { momentum, epsilon } => {
                let momentum = momentum.filter(|_| matches!(mode, Mode::Training { .. }));
                ops::batch_norm(x, parameters, momentum, *epsilon)
            }
            Self::LayerNorm { epsilon } => ops::layer_norm(x, &parameters[0], &parameters[1], *epsilon),
            Self::Flatten => x.flatten_from(1),
            Self::Add => x + inputs[1],
            Self::Custom(custom) => custom.forward(x, parameters, mode),
        }
    }
}
