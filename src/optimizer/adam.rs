//! Adam (Kingma and Ba, 2015), as PyTorch computes it.
//!
//! m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g², θ ← θ - η m̂ / (√v̂ + ε) with
//! m̂ = m / (1 - β₁ᵗ) and v̂ = v / (1 - β₂ᵗ). `weight_decay` adds λ θ to g first (L2 penalty).

use candle_core::{Result, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::{Member, Optimizer, zeros_like};

/// `[optimizer.adam]`: steps scaled by running moments of the gradient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The step size.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub learning_rate: f64,
    /// How much of the first moment is kept at each step.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub beta1: f64,
    /// How much of the second moment is kept at each step.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub beta2: f64,
    /// Added to the denominator.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub epsilon: f64,
    /// The factor of the L2 penalty.
    #[schemars(range(min = 0))]
    pub weight_decay: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weight_decay: 0.0 }
    }
}

impl Member for Config {
    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn slots(&self) -> usize {
        2
    }

    fn build(&self, parameters: &[Var]) -> Result<Box<dyn Optimizer>> {
        Ok(Box::new(Adam {
            config: self.clone(),
            first_moment: zeros_like(parameters)?,
            second_moment: zeros_like(parameters)?,
        }))
    }
}

struct Adam {
    config: Config,
    first_moment: Vec<Var>,
    second_moment: Vec<Var>,
}

impl Optimizer for Adam {
    fn step(
        &mut self,
        parameters: &[Var],
        gradients: &[Tensor],
        learning_rate: f64,
        step: u64,
    ) -> Result<()> {
        let Config { beta1, beta2, epsilon, weight_decay, .. } = self.config;
        let steps = step as f64;
        let (correction1, correction2) = (1.0 - beta1.powf(steps), 1.0 - beta2.powf(steps));
        for (i, (parameter, gradient)) in parameters.iter().zip(gradients).enumerate() {
            let theta = parameter.as_detached_tensor();
            let gradient =
                if weight_decay == 0.0 { gradient.clone() } else { (gradient + (&theta * weight_decay)?)? };
            let (m, v) =
                (self.first_moment[i].as_detached_tensor(), self.second_moment[i].as_detached_tensor());
            let m = ((m * beta1)? + (&gradient * (1.0 - beta1))?)?;
            let v = ((v * beta2)? + (gradient.sqr()? * (1.0 - beta2))?)?;
            let denominator = ((&v / correction2)?.sqrt()? + epsilon)?;
            let update = ((&m / correction1)? / denominator)?;
            parameter.set(&(theta - (update * learning_rate)?)?)?;
            self.first_moment[i].set(&m)?;
            self.second_moment[i].set(&v)?;
        }
        Ok(())
    }

    fn state(&self) -> Vec<(&'static str, &[Var])> {
        vec![("first_moment", &self.first_moment), ("second_moment", &self.second_moment)]
    }
}
