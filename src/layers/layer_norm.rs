//! Layer normalisation (Ba, Kiros and Hinton, 2016): y = γ (x - μ) / √(σ² + ε) + β with mean and
//! (biased) variance over all values of one sample.
//!
//! For flat samples this is what Keras and PyTorch do by default. Images are normalised over channels,
//! height and width together, with a weight for each value, as PyTorch's `LayerNorm([C, H, W])`; Keras
//! would take the last axis only.

use candle_core::{Result, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::{Layer, Member, Mode, Operation, ParameterSpec};
use crate::init::Initializer;
use crate::shape::Shape;

/// `layer_norm`: gives every sample mean 0 and variance 1 over all its values, then a learned scale
/// and shift for each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Added to the variance, so that constant samples do not divide by 0; 0.001 as in Keras.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub epsilon: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { epsilon: 1e-3 }
    }
}

impl Member for Config {
    fn output_shape(&self, input: &Shape) -> std::result::Result<Shape, String> {
        match input.elements() {
            Some(1..) => Ok(input.clone()),
            _ => Err(format!("layer_norm: a sample of {input} values cannot be normalised")),
        }
    }

    fn parameters(&self, input: &Shape) -> Vec<ParameterSpec> {
        let values = input.elements().unwrap_or(0);
        vec![
            ParameterSpec::trainable("weight", input.0.clone(), Initializer::Ones, [values; 2]),
            ParameterSpec::trainable("bias", input.0.clone(), Initializer::Zeros, [values; 2]),
        ]
    }

    fn flops(&self, input: &Shape) -> u64 {
        8 * input.elements().unwrap_or(0) as u64
    }

    fn operations(&self, _input: &Shape) -> Option<Vec<Operation>> {
        Some(vec![Operation::LayerNorm { epsilon: self.epsilon }])
    }

    fn build(&self, _input: &Shape, variables: &[Var], _index: usize) -> Box<dyn Layer> {
        let [weight, bias] = [0, 1].map(|i| variables[i].clone());
        Box::new(LayerNorm { weight, bias, epsilon: self.epsilon })
    }
}

/// The live layer; both variables have the shape of a sample.
struct LayerNorm {
    weight: Var,
    bias: Var,
    epsilon: f64,
}

impl Layer for LayerNorm {
    fn forward(&self, x: &Tensor, _mode: Mode) -> Result<Tensor> {
        // In single operations, because candle's fused one records no gradient.
        let values = x.flatten_from(1)?; // [batch, values]
        let centred = values.broadcast_sub(&values.mean_keepdim(1)?)?;
        let variance = centred.sqr()?.mean_keepdim(1)?;
        let normal = centred.broadcast_div(&(variance + self.epsilon)?.sqrt()?)?;
        let y =
            normal.broadcast_mul(&self.weight.flatten_all()?)?.broadcast_add(&self.bias.flatten_all()?)?;
        y.reshape(x.shape())
    }
}
