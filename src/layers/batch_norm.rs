//! Batch normalisation (Ioffe and Szegedy, 2015): y = γ (x - μ) / √(σ² + ε) + β for each feature, or
//! for each channel of images.
//!
//! Training takes mean μ and (biased) variance σ² of the batch; evaluation takes running averages,
//! which each training pass moves: running ← momentum · running + (1 - momentum) · batch. All of it
//! as Keras does; PyTorch calls 1 - momentum the momentum, and keeps an unbiased variance.

use candle_core::{Result, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::{Layer, Member, Mode, Operation, ParameterSpec};
use crate::init::Initializer;
use crate::shape::Shape;

/// `batch_norm`: gives every feature or channel mean 0 and variance 1 over the batch, then a learned
/// scale and shift.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How much of the running averages is kept at each step; 0.99 as in Keras.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub momentum: f64,
    /// Added to the variance, so that constant values do not divide by 0; 0.001 as in Keras.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub epsilon: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { momentum: 0.99, epsilon: 1e-3 }
    }
}

impl Member for Config {
    fn output_shape(&self, input: &Shape) -> std::result::Result<Shape, String> {
        match input.0.as_slice() {
            [_] | [_, _, _] => Ok(input.clone()),
            _ => Err(format!("batch_norm needs features or channels x height x width, not {input}")),
        }
    }

    fn parameters(&self, input: &Shape) -> Vec<ParameterSpec> {
        let features = input.0.first().copied().unwrap_or(0);
        let specify = |name, initializer, trainable| ParameterSpec {
            trainable,
            ..ParameterSpec::trainable(name, vec![features], initializer, [features; 2])
        };
        vec![
            specify("weight", Initializer::Ones, true),
            specify("bias", Initializer::Zeros, true),
            specify("running_mean", Initializer::Zeros, false),
            specify("running_var", Initializer::Ones, false),
        ]
    }

    fn flops(&self, input: &Shape) -> u64 {
        4 * input.elements().unwrap_or(0) as u64
    }

    fn operations(&self, _input: &Shape) -> Option<Vec<Operation>> {
        Some(vec![Operation::BatchNorm { momentum: self.momentum, epsilon: self.epsilon }])
    }

    fn build(&self, _input: &Shape, variables: &[Var], _index: usize) -> Box<dyn Layer> {
        let [weight, bias, running_mean, running_var] = [0, 1, 2, 3].map(|i| variables[i].clone());
        Box::new(BatchNorm { weight, bias, running_mean, running_var, config: self.clone() })
    }
}

/// The live layer; all variables are `[features]`.
struct BatchNorm {
    weight: Var,
    bias: Var,
    running_mean: Var,
    running_var: Var,
    config: Config,
}

impl Layer for BatchNorm {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let (batch, features) = (x.dim(0)?, x.dim(1)?);
        let pixels: usize = x.dims().iter().skip(2).product();
        let column = (1, features, 1);
        let values = x.reshape((batch, features, pixels))?;
        let (centred, variance) = match mode {
            Mode::Training { .. } => {
                // One dimension after the other: candle is slow at sums over several.
                let mean = values.mean_keepdim(2)?.mean_keepdim(0)?;
                let centred = values.broadcast_sub(&mean)?;
                let variance = centred.sqr()?.mean_keepdim(2)?.mean_keepdim(0)?;
                self.follow(&self.running_mean, &mean)?;
                self.follow(&self.running_var, &variance)?;
                (centred, variance)
            }
            Mode::Inference => {
                let mean = self.running_mean.as_detached_tensor().reshape(column)?;
                let variance = self.running_var.as_detached_tensor().reshape(column)?;
                (values.broadcast_sub(&mean)?, variance)
            }
        };
        let scale = self.weight.reshape(column)?.div(&(variance + self.config.epsilon)?.sqrt()?)?;
        let y = centred.broadcast_mul(&scale)?.broadcast_add(&self.bias.reshape(column)?)?;
        y.reshape(x.shape())
    }
}

impl BatchNorm {
    /// Moves a running average towards the batch's value.
    fn follow(&self, running: &Var, batch: &Tensor) -> Result<()> {
        let momentum = self.config.momentum;
        let batch = batch.detach().reshape(running.shape())?;
        running.set(&((running.as_detached_tensor() * momentum)? + (batch * (1.0 - momentum))?)?)
    }
}
