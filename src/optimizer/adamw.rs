//! AdamW (Loshchilov and Hutter, 2019), as PyTorch computes it.
//!
//! [`adam`](super::adam) without a penalty in the gradient; instead each step first shrinks the parameter:
//! θ ← (1 - η λ) θ. The factor follows the learning rate schedule.

use candle_core::{Result, Var};
use serde::{Deserialize, Serialize};

use super::adam::Moments;
use super::{Live, Optimizer, OptimizerConfig};

/// `[optimizer.adamw]`: Adam with weight decay that is not scaled by the moments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The learning rate.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub learning_rate: f64,
    /// The share of the first moment kept at each step.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub beta1: f64,
    /// The share of the second moment kept at each step.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub beta2: f64,
    /// Added to the denominator; the default is Keras's, PyTorch's is 1e-8.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub epsilon: f64,
    /// Each step shrinks the parameters by this times the learning rate; the default is PyTorch's, Keras's
    /// is 0.004.
    #[schemars(range(min = 0))]
    pub weight_decay: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weight_decay: 0.01 }
    }
}

impl OptimizerConfig for Config {
    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn state_count(&self) -> usize {
        2
    }

    fn build(&self, parameters: &[Var]) -> Result<Box<dyn Optimizer>> {
        let Self { beta1, beta2, epsilon, weight_decay, .. } = *self;
        Live::boxed(Moments { beta1, beta2, epsilon, penalty: 0.0, decay: weight_decay }, parameters)
    }
}
