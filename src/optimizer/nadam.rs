//! NAdam (Dozat, 2016), Adam with Nesterov momentum, as PyTorch computes it.
//!
//! m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g², θ ← θ - η (μₜ₊₁ m / (1 - μ₁ … μₜ₊₁) + (1 - μₜ) g / (1 - μ₁ …
//! μₜ)) / (√v̂ + ε) with μₜ = β₁ (1 - 0.5 · 0.96^(ψ t)) and v̂ = v / (1 - β₂ᵗ). `weight_decay` adds λ θ to g
//! first (L2 penalty). Keras 3 has ψ = 1, with which μ reaches β₁ 250 times earlier than in the paper. The
//! kernels also add a bias to the moments, which is below rounding, see `subnormal.rs`.

use candle_core::{Result, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::{Formula, Live, Optimizer, OptimizerConfig, subnormal};
use taper_kernels::rule::{MAX_STATE, Rule};
use taper_kernels::simd::lanes::Lanes;

/// `[optimizer.nadam]`: Adam with Nesterov momentum, which grows over the first steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The learning rate; the default is PyTorch's, Keras's is 0.001.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub learning_rate: f64,
    /// The share of the first moment kept at each step.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub beta1: f64,
    /// The share of the second moment kept at each step.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub beta2: f64,
    /// Added to the denominator; the default is PyTorch's, Keras's is 1e-7.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub epsilon: f64,
    /// How fast the momentum grows from half of `beta1` to `beta1`; the default is that of the paper and of
    /// PyTorch, Keras 3 uses 1.
    #[schemars(range(min = 0))]
    pub momentum_decay: f64,
    /// The factor of the L2 penalty: `weight_decay` times the parameter is added to its gradient.
    #[schemars(range(min = 0))]
    pub weight_decay: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            learning_rate: 2e-3,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            momentum_decay: 4e-3,
            weight_decay: 0.0,
        }
    }
}

impl Config {
    /// μₜ.
    fn momentum(&self, step: u64) -> f64 {
        self.beta1 * (1.0 - 0.5 * libm::pow(0.96, step as f64 * self.momentum_decay))
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
        Live::boxed(Nesterov { config: self.clone(), product: Product::START }, parameters)
    }
}

/// μ₁ … μₜ of the latest step. It is no state of a checkpoint but a function of the step: always the product
/// in the order of the steps, so that a resumed run computes the same bits.
#[derive(Clone, Copy)]
struct Product {
    step: u64,
    value: f64,
}

impl Product {
    const START: Self = Self { step: 0, value: 1.0 };

    /// Below this, 1 minus the product is 1 in f64, and the product stays as it is.
    const NEGLIGIBLE: f64 = 1e-20;

    /// The product up to `step`: one factor if the previous call was for the step before, else the product
    /// from the first step, up to where it is negligible.
    fn advanced(self, step: u64, momentum: impl Fn(u64) -> f64) -> Self {
        let mut product = if step < self.step { Self::START } else { self };
        while product.step < step && product.value > Self::NEGLIGIBLE {
            product.step += 1;
            product.value *= momentum(product.step);
        }
        product
    }
}

/// The formula with the product of the latest step.
#[derive(Clone)]
struct Nesterov {
    config: Config,
    product: Product,
}

/// The factors of one step.
#[derive(Clone, Copy)]
pub(super) struct Factors {
    /// η μₜ₊₁ / (1 - μ₁ … μₜ₊₁), the factor of the first moment.
    moment: f64,
    /// η (1 - μₜ) / (1 - μ₁ … μₜ), the factor of the gradient.
    gradient: f64,
    /// 1 / √(1 - β₂ᵗ), the factor of the root of the second moment.
    root: f64,
}

impl Formula for Nesterov {
    type Factors = Factors;
    type Rule = NadamRule;

    fn kinds(&self) -> &'static [&'static str] {
        &["first_moment", "second_moment"]
    }

    fn factors(&mut self, learning_rate: f64, step: u64) -> Factors {
        let config = &self.config;
        self.product = self.product.advanced(step, |step| config.momentum(step));
        let (now, next) = (config.momentum(step), config.momentum(step.saturating_add(1)));
        let product = self.product.value;
        Factors {
            moment: learning_rate * next / (1.0 - product * next),
            gradient: learning_rate * (1.0 - now) / (1.0 - product),
            root: 1.0 / (1.0 - libm::pow(config.beta2, step as f64)).sqrt(),
        }
    }

    fn scale_weight_decay(&mut self, factor: f64) {
        self.config.weight_decay *= factor;
    }

    fn tensors(
        &self,
        factors: Factors,
        theta: &Tensor,
        gradient: &Tensor,
        state: &[Tensor],
    ) -> Result<(Tensor, Vec<Tensor>)> {
        let Config { beta1, beta2, epsilon, weight_decay, .. } = self.config;
        let gradient = (gradient + (theta * weight_decay)?)?;
        let m = ((&state[0] * beta1)? + (&gradient * (1.0 - beta1))?)?;
        let v = ((&state[1] * beta2)? + (gradient.sqr()? * (1.0 - beta2))?)?;
        let denominator = v.sqrt()?.affine(factors.root, epsilon)?;
        let direction = ((&m * factors.moment)? + (gradient * factors.gradient)?)?;
        Ok(((theta - (direction / denominator)?)?, vec![m, v]))
    }

    fn rule(&self, factors: Factors) -> NadamRule {
        let Config { beta1, beta2, epsilon, weight_decay, .. } = self.config;
        // As for Adam: with a penalty, the moment does not decay to 0.
        let rest1 = if weight_decay == 0.0 { 1.0 - beta1 } else { 0.0 };
        NadamRule {
            beta1: beta1 as f32,
            rest1: (1.0 - beta1) as f32,
            bias1: subnormal::gradient_bias(rest1, epsilon),
            beta2: beta2 as f32,
            rest2: (1.0 - beta2) as f32,
            bias2: subnormal::square_bias(1.0 - beta2, epsilon),
            epsilon: epsilon as f32,
            penalty: weight_decay as f32,
            moment: factors.moment as f32,
            gradient: factors.gradient as f32,
            root: factors.root as f32,
        }
    }
}

/// The formula for the kernels.
#[derive(Clone, Copy)]
pub struct NadamRule {
    beta1: f32,
    rest1: f32,
    /// See [`subnormal`]; likewise `bias2`.
    bias1: f32,
    beta2: f32,
    rest2: f32,
    bias2: f32,
    epsilon: f32,
    penalty: f32,
    moment: f32,
    gradient: f32,
    root: f32,
}

impl Rule for NadamRule {
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
        let direction = m.mul_add(all(self.moment), g * all(self.gradient));
        (theta - direction / denominator, [m, v])
    }

    #[inline(always)]
    fn state_probe<L: Lanes>(self, [_, v]: [L; MAX_STATE]) -> L {
        // If the second moment is infinite the step is 0; a non-finite first moment makes the step
        // non-finite.
        v
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_depend_on_the_step_alone() {
        for beta1 in [0.0, 0.5, 0.9, 0.99] {
            let config = Config { beta1, ..Config::default() };
            let new = || Nesterov { config: config.clone(), product: Product::START };
            let bits = |formula: &mut Nesterov, step| {
                let Factors { moment, gradient, root } = formula.factors(0.01, step);
                [moment, gradient, root].map(f64::to_bits)
            };
            let mut whole = new();
            for step in 1..=3000 {
                assert_eq!(bits(&mut whole, step), bits(&mut new(), step), "step {step} with {beta1}");
            }
            // Back to an earlier step, and the same step again.
            assert_eq!(bits(&mut whole, 7), bits(&mut new(), 7));
            assert_eq!(bits(&mut whole, 7), bits(&mut new(), 7));
        }
    }

    #[test]
    fn a_negligible_product_ends_the_loop() {
        // At a step that no loop could reach one by one.
        let config = Config::default();
        let product = Product::START.advanced(u64::MAX, |step| config.momentum(step));
        assert!(product.step < 1000 && product.value <= Product::NEGLIGIBLE);
        assert_eq!(1.0 - product.value, 1.0);
    }
}
