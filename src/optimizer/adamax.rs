//! Adamax (Kingma and Ba, 2015, section 7.1), as PyTorch computes it.
//!
//! m ← β₁ m + (1 - β₁) g, u ← max(β₂ u, |g| + ε), θ ← θ - η / (1 - β₁ᵗ) m / u. `weight_decay` adds λ θ to g
//! first (L2 penalty). Keras leaves ε out of the maximum and divides by u + ε, with ε = 1e-7, and has a
//! learning rate of 0.001. The kernels also add a bias to m, which is below rounding, see `subnormal.rs`; u
//! is at least ε.

use candle_core::{Result, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::{Formula, Live, Optimizer, OptimizerConfig, subnormal};
use taper_kernels::rule::{MAX_STATE, Rule};
use taper_kernels::simd::lanes::Lanes;

/// `[optimizer.adamax]`: Adam with a decaying maximum of the gradient instead of a second moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The learning rate; the default is PyTorch's, Keras's is 0.001.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub learning_rate: f64,
    /// The share of the first moment kept at each step.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub beta1: f64,
    /// The share of the maximum kept at each step.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub beta2: f64,
    /// Added to the size of the gradient, of which the maximum is taken; the default is PyTorch's.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub epsilon: f64,
    /// The factor of the L2 penalty: `weight_decay` times the parameter is added to its gradient.
    #[schemars(range(min = 0))]
    pub weight_decay: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { learning_rate: 2e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 }
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
        Live::boxed(self.clone(), parameters)
    }
}

impl Formula for Config {
    /// η / (1 - β₁ᵗ), the factor of the first moment.
    type Factors = f64;
    type Rule = AdamaxRule;

    fn kinds(&self) -> &'static [&'static str] {
        &["first_moment", "infinity_norm"]
    }

    fn factors(&mut self, learning_rate: f64, step: u64) -> f64 {
        learning_rate / (1.0 - libm::pow(self.beta1, step as f64))
    }

    fn scale_weight_decay(&mut self, factor: f64) {
        self.weight_decay *= factor;
    }

    fn tensors(
        &self,
        rate: f64,
        theta: &Tensor,
        gradient: &Tensor,
        state: &[Tensor],
    ) -> Result<(Tensor, Vec<Tensor>)> {
        let gradient = (gradient + (theta * self.weight_decay)?)?;
        let m = ((&state[0] * self.beta1)? + (&gradient * (1.0 - self.beta1))?)?;
        let u = (&state[1] * self.beta2)?.maximum(&(gradient.abs()? + self.epsilon)?)?;
        let update = ((&m * rate)? / &u)?;
        Ok(((theta - update)?, vec![m, u]))
    }

    fn rule(&self, rate: f64) -> AdamaxRule {
        // As for Adam: with a penalty, the moment does not decay to 0.
        let rest = if self.weight_decay == 0.0 { 1.0 - self.beta1 } else { 0.0 };
        AdamaxRule {
            beta1: self.beta1 as f32,
            rest: (1.0 - self.beta1) as f32,
            bias: subnormal::gradient_bias(rest, self.epsilon),
            beta2: self.beta2 as f32,
            epsilon: self.epsilon as f32,
            penalty: self.weight_decay as f32,
            rate: rate as f32,
        }
    }
}

/// The formula for the kernels.
#[derive(Clone, Copy)]
pub struct AdamaxRule {
    beta1: f32,
    rest: f32,
    /// See [`subnormal`].
    bias: f32,
    beta2: f32,
    epsilon: f32,
    penalty: f32,
    rate: f32,
}

impl Rule for AdamaxRule {
    #[inline(always)]
    fn state_count(self) -> usize {
        2
    }

    #[inline(always)]
    fn apply<L: Lanes>(self, theta: L, gradient: L, [m, u]: [L; MAX_STATE]) -> (L, [L; MAX_STATE]) {
        let all = |value: f32| theta.splat_like(value);
        let zero = all(0.0);
        let g = theta.mul_add(all(self.penalty), gradient);
        let m = m.mul_add(all(self.beta1), g.mul_add(all(self.rest), all(self.bias)));
        let size = g.select(g.gt(zero), zero - g) + all(self.epsilon);
        let kept = u * all(self.beta2);
        // NaN stays NaN: of `size` because it is not less than `kept`.
        let u = kept.select(L::or(kept.gt(size), kept.is_nan()), size);
        (theta - m * all(self.rate) / u, [m, u])
    }

    #[inline(always)]
    fn state_probe<L: Lanes>(self, [_, u]: [L; MAX_STATE]) -> L {
        // If the maximum is infinite the step is 0; a non-finite first moment makes the step non-finite.
        u
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn the_maximum_decays_to_epsilon() -> Result<()> {
        let theta = [Var::new(&[1_f32, 1.0], &Device::Cpu)?];
        let config = Config { beta2: 0.5, epsilon: 0.125, ..Config::default() };
        let mut optimizer = config.build(&theta)?;
        let expected = [[2.125_f32, 1.125], [1.0625, 0.5625], [0.53125, 0.28125], [0.265_625, 0.140_625]];
        for (step, expected) in (1..).zip(expected) {
            let gradient = if step == 1 { [-2_f32, 1.0] } else { [0.0, 0.0] };
            optimizer.step(&theta, &[Tensor::new(&gradient, &Device::Cpu)?], 0.01, step)?;
            assert_eq!(optimizer.state()[1].1[0].to_vec1::<f32>()?, expected, "step {step}");
        }
        let none = Tensor::new(&[0_f32, 0.0], &Device::Cpu)?;
        for step in 5..20 {
            optimizer.step(&theta, std::slice::from_ref(&none), 0.01, step)?;
        }
        assert_eq!(optimizer.state()[1].1[0].to_vec1::<f32>()?, [0.125, 0.125]);
        Ok(())
    }
}
