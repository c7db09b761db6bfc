//! Adam (Kingma and Ba, 2015), as PyTorch computes it.
//!
//! m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g², θ ← θ - η m̂ / (√v̂ + ε) with m̂ = m / (1 - β₁ᵗ) and v̂ =
//! v / (1 - β₂ᵗ). `weight_decay` adds λ θ to g first (L2 penalty); for decay that is not scaled by the
//! moments see [`adamw`](super::adamw). The kernels also add a bias to the moments, which is below
//! rounding, see `subnormal.rs`.

use candle_core::{Result, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::{Formula, Live, Optimizer, OptimizerConfig, subnormal};
use taper_kernels::rule::{MAX_STATE, Rule};
use taper_kernels::simd::lanes::Lanes;

/// `[optimizer.adam]`: steps scaled by running moments of the gradient.
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
    /// The factor of the L2 penalty: `weight_decay` times the parameter is added to its gradient.
    #[schemars(range(min = 0))]
    pub weight_decay: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weight_decay: 0.0 }
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
        Live::boxed(Moments { beta1, beta2, epsilon, penalty: weight_decay, decay: 0.0 }, parameters)
    }
}

/// The formula of Adam and AdamW, which differ in where weight decay enters.
#[derive(Clone)]
pub(super) struct Moments {
    pub beta1: f64,
    pub beta2: f64,
    pub epsilon: f64,
    /// The factor of the parameter that is added to the gradient (Adam).
    pub penalty: f64,
    /// The factor of the learning rate and the parameter that is subtracted from the parameter (AdamW).
    pub decay: f64,
}

/// The factors of one step.
#[derive(Clone, Copy)]
pub(super) struct Factors {
    /// 1 - η λ, the factor of the parameter.
    keep: f64,
    /// η / (1 - β₁ᵗ), the factor of the first moment.
    rate: f64,
    /// 1 / √(1 - β₂ᵗ), the factor of the root of the second moment.
    root: f64,
}

impl Formula for Moments {
    type Factors = Factors;
    type Rule = MomentsRule;

    fn kinds(&self) -> &'static [&'static str] {
        &["first_moment", "second_moment"]
    }

    fn factors(&mut self, learning_rate: f64, step: u64) -> Factors {
        let steps = step as f64;
        Factors {
            keep: 1.0 - learning_rate * self.decay,
            rate: learning_rate / (1.0 - libm::pow(self.beta1, steps)),
            root: 1.0 / (1.0 - libm::pow(self.beta2, steps)).sqrt(),
        }
    }

    fn scale_weight_decay(&mut self, factor: f64) {
        self.penalty *= factor;
        self.decay *= factor;
    }

    fn tensors(
        &self,
        factors: Factors,
        theta: &Tensor,
        gradient: &Tensor,
        state: &[Tensor],
    ) -> Result<(Tensor, Vec<Tensor>)> {
        let gradient = (gradient + (theta * self.penalty)?)?;
        let m = ((&state[0] * self.beta1)? + (&gradient * (1.0 - self.beta1))?)?;
        let v = ((&state[1] * self.beta2)? + (gradient.sqr()? * (1.0 - self.beta2))?)?;
        let denominator = v.sqrt()?.affine(factors.root, self.epsilon)?;
        let update = ((&m * factors.rate)? / denominator)?;
        Ok((((theta * factors.keep)? - update)?, vec![m, v]))
    }

    fn rule(&self, factors: Factors) -> MomentsRule {
        let Factors { keep, rate, root } = factors;
        // With a penalty, the moment does not decay to 0, and the bias would accumulate: small weights
        // would get steps of the learning rate times the penalty over epsilon, away from 0 and back.
        let rest1 = if self.penalty == 0.0 { 1.0 - self.beta1 } else { 0.0 };
        MomentsRule {
            beta1: self.beta1 as f32,
            rest1: (1.0 - self.beta1) as f32,
            bias1: subnormal::gradient_bias(rest1, self.epsilon),
            beta2: self.beta2 as f32,
            rest2: (1.0 - self.beta2) as f32,
            bias2: subnormal::square_bias(1.0 - self.beta2, self.epsilon),
            epsilon: self.epsilon as f32,
            penalty: self.penalty as f32,
            keep: keep as f32,
            rate: rate as f32,
            root: root as f32,
        }
    }
}

/// The formula for the kernels.
#[derive(Clone, Copy)]
pub struct MomentsRule {
    beta1: f32,
    rest1: f32,
    /// See [`subnormal`]; likewise `bias2`.
    bias1: f32,
    beta2: f32,
    rest2: f32,
    bias2: f32,
    epsilon: f32,
    penalty: f32,
    keep: f32,
    rate: f32,
    root: f32,
}

impl Rule for MomentsRule {
    #[inline(always)]
    fn state_count(self) -> usize {
        2
    }

    #[inline(always)]
    fn apply<L: Lanes>(self, theta: L, gradient: L, [m, v]: [L; MAX_STATE]) -> (L, [L; MAX_STATE]) {
        let all = |value: f32| theta.splat_like(value);
        let g = theta.mul_add(all(self.penalty), gradient);
        let m = m.mul_add(all(self.beta1), g.mul_add(all(self.rest1), all(self.bias1)));
        let v = v.mul_add(all(self.beta2), (g * g).mul_add(all(self.rest2), all(self.bias2)));
        let denominator = v.sqrt().mul_add(all(self.root), all(self.epsilon));
        (theta * all(self.keep) - m * all(self.rate) / denominator, [m, v])
    }

    #[inline(always)]
    fn state_probe<L: Lanes>(self, [_, v]: [L; MAX_STATE]) -> L {
        // If the second moment is infinite the step is 0; a non-finite first moment makes the step
        // non-finite.
        v
    }
}
