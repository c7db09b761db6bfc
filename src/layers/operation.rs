//! What a layer computes, as plain data, for engines that schedule the steps of a whole network.

use super::Activation;
use taper_kernels::window::Window;

/// One computation of a layer.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// y = x Wᵀ, plus the bias if the layer has a second parameter.
    Dense {
        /// Values of a sample.
        inputs: usize,
        /// Outputs of a sample.
        units: usize,
    },
    /// Filters over an image, plus the bias if the layer has a second parameter.
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
    /// A function of each value.
    Activation(Activation),
    /// A random share of the values is set to 0 while training.
    Dropout {
        /// The share.
        rate: f64,
    },
    /// Features or channels are normalised over the batch.
    BatchNorm {
        /// How much of the running averages is kept.
        momentum: f64,
        /// Added to the variance.
        epsilon: f64,
    },
    /// All values of a sample are normalised.
    LayerNorm {
        /// Added to the variance.
        epsilon: f64,
    },
    /// An image becomes a flat list, channel by channel.
    Flatten,
}
