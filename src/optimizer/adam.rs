//! Adam (Kingma and Ba, 2015), as PyTorch computes it.
//!
//! m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g², θ ← θ - η m̂ / (√v̂ + ε) with
//! m̂ = m / (1 - β₁ᵗ) and v̂ = v / (1 - β₂ᵗ). `weight_decay` adds λ θ to g first (L2 penalty);
//! for decay that is not scaled by the moments see [`adamw`](super::adamw).

use candle_core::{Result, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::{Formula, Live, Member, Optimizer, SLOTS};

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
    /// Added to the denominator; the default is Keras's, PyTorch has 1e-8.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub epsilon: f64,
    /// The factor of the L2 penalty: this times the parameter is added to its gradient.
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
        let Self { beta1, beta2, epsilon, weight_decay, .. } = *self;
        Live::boxed(Moments { beta1, beta2, epsilon, penalty: weight_decay, decay: 0.0 }, parameters)
    }
}

/// The formula of Adam and AdamW, which differ in where weight decay enters.
pub(super) struct Moments {
    pub beta1: f64,
    pub beta2: f64,
    pub epsilon: f64,
    /// Times the parameter, added to the gradient (Adam).
    pub penalty: f64,
    /// Times the learning rate and the parameter, taken from the parameter (AdamW).
    pub decay: f64,
}

/// What one step multiplies with.
#[derive(Clone, Copy)]
pub(super) struct Factors {
    /// 1 - η λ, on the parameter.
    keep: f64,
    /// η / (1 - β₁ᵗ), on the first moment.
    rate: f64,
    /// 1 / √(1 - β₂ᵗ), on the root of the second moment.
    root: f64,
}

impl Formula for Moments {
    type Factors = Factors;

    fn kinds(&self) -> &'static [&'static str] {
        &["first_moment", "second_moment"]
    }

    fn factors(&self, learning_rate: f64, step: u64) -> Factors {
        let steps = step as f64;
        Factors {
            keep: 1.0 - learning_rate * self.decay,
            rate: learning_rate / (1.0 - self.beta1.powf(steps)),
            root: 1.0 / (1.0 - self.beta2.powf(steps)).sqrt(),
        }
    }

    fn tensors(
        &self,
        factors: Factors,
        theta: &Tensor,
        gradient: &Tensor,
        slots: &[Tensor],
    ) -> Result<(Tensor, Vec<Tensor>)> {
        let gradient = (gradient + (theta * self.penalty)?)?;
        let m = ((&slots[0] * self.beta1)? + (&gradient * (1.0 - self.beta1))?)?;
        let v = ((&slots[1] * self.beta2)? + (gradient.sqr()? * (1.0 - self.beta2))?)?;
        let denominator = v.sqrt()?.affine(factors.root, self.epsilon)?;
        let update = ((&m * factors.rate)? / denominator)?;
        Ok((((theta * factors.keep)? - update)?, vec![m, v]))
    }

    fn slices(&self, factors: Factors, theta: &mut [f32], gradient: &[f32], [m, v]: [&mut [f32]; SLOTS]) {
        let Factors { keep, rate, root } = factors;
        let [keep, rate, root, epsilon, penalty] =
            [keep, rate, root, self.epsilon, self.penalty].map(|factor| factor as f32);
        let [beta1, rest1, beta2, rest2] =
            [self.beta1, 1.0 - self.beta1, self.beta2, 1.0 - self.beta2].map(|factor| factor as f32);
        for (((theta, g), m), v) in theta.iter_mut().zip(gradient).zip(m).zip(v) {
            let g = g + penalty * *theta;
            *m = beta1 * *m + rest1 * g;
            *v = beta2 * *v + rest2 * g * g;
            *theta = keep * *theta - rate * *m / (root * v.sqrt() + epsilon);
        }
    }
}
