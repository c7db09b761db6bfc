//! Activation functions.

use candle_core::{D, Result, Tensor};
use serde::{Deserialize, Serialize};

/// A function applied element-wise (softmax: to each sample).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// max(0, x), with gradient 0 at 0.
    Relu,
    /// 1 / (1 + e^-x).
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// x times the standard normal distribution function of x (Hendrycks and Gimpel, 2016), exact form.
    Gelu,
    /// x times sigmoid(x), also called swish.
    Silu,
    /// x if positive, otherwise 0.2 x, as in Keras.
    LeakyRelu,
    /// x if positive, otherwise e^x - 1.
    Elu,
    /// e^x divided by its sum over the last dimension. As the last activation it is fused with the
    /// cross-entropy loss, for numerical accuracy.
    Softmax,
}

impl Activation {
    /// Applies the function.
    ///
    /// # Errors
    /// If candle returns an error.
    pub fn forward(self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Relu => super::relu(x),
            Self::Sigmoid => candle_nn::ops::sigmoid(x),
            Self::Tanh => x.tanh(),
            Self::Gelu => x.gelu_erf(),
            Self::Silu => x.silu(),
            Self::LeakyRelu => {
                let zeros = x.zeros_like()?;
                x.gt(&zeros)?.where_cond(x, &(x * 0.2)?)
            }
            Self::Elu => x.elu(1.0),
            Self::Softmax => candle_nn::ops::softmax(x, D::Minus1),
        }
    }

    /// The approximate cost per value, in floating-point operations.
    #[must_use]
    pub fn flops_per_value(self) -> u64 {
        match self {
            Self::Relu => 1,
            Self::LeakyRelu => 2,
            Self::Sigmoid | Self::Tanh | Self::Gelu | Self::Silu | Self::Elu | Self::Softmax => 10,
        }
    }
}
