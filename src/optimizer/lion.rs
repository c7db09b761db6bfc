//! Lion (Chen et al., 2023, algorithm 2), as the authors' code computes it.
//!
//! c = β₁ m + (1 - β₁) g, θ ← (1 - η λ) θ - η sign(c) with sign(0) = 0, m ← β₂ m + (1 - β₂) g. The decay λ is
//! decoupled as in [`adamw`](super::adamw). All steps have the same size, so the authors recommend a learning
//! rate 3 to 10 times smaller than that of AdamW and a `weight_decay` larger by the same factor. Keras's
//! default learning rate is 0.001. In the kernels, a first moment that decays becomes 0 before it is
//! subnormal, see `subnormal.rs`.

use candle_core::{Result, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::{Formula, Live, Optimizer, OptimizerConfig, subnormal};
use taper_kernels::rule::{MAX_STATE, Rule};
use taper_kernels::simd::lanes::Lanes;

/// `[optimizer.lion]`: steps of one size in the direction of the sign of a running mean of the gradient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The learning rate, 3 to 10 times smaller than for `adamw`; the default is the authors', Keras's is
    /// 0.001.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub learning_rate: f64,
    /// The share of the first moment in the direction of a step; the rest is the gradient.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub beta1: f64,
    /// The share of the first moment kept at each step.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub beta2: f64,
    /// Each step shrinks the parameters by this times the learning rate; 3 to 10 times larger than for
    /// `adamw`.
    #[schemars(range(min = 0))]
    pub weight_decay: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { learning_rate: 1e-4, beta1: 0.9, beta2: 0.99, weight_decay: 0.0 }
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
        1
    }

    fn build(&self, parameters: &[Var]) -> Result<Box<dyn Optimizer>> {
        Live::boxed(self.clone(), parameters)
    }
}

impl Formula for Config {
    /// The learning rate.
    type Factors = f64;
    type Rule = LionRule;

    fn kinds(&self) -> &'static [&'static str] {
        &["first_moment"]
    }

    fn factors(&mut self, learning_rate: f64, _step: u64) -> f64 {
        learning_rate
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
        let mix = |beta: f64| (&state[0] * beta)? + (gradient * (1.0 - beta))?;
        let update = (mix(self.beta1)?.sign()? * rate)?;
        let keep = 1.0 - rate * self.weight_decay;
        Ok((((theta * keep)? - update)?, vec![mix(self.beta2)?]))
    }

    fn rule(&self, rate: f64) -> LionRule {
        let factors = [rate, 1.0 - rate * self.weight_decay, self.beta1, self.beta2];
        let [rate, keep, beta1, beta2] = factors.map(|factor| factor as f32);
        let [rest1, rest2] = [self.beta1, self.beta2].map(|beta| (1.0 - beta) as f32);
        LionRule { rate, keep, beta1, rest1, beta2, rest2 }
    }
}

/// The formula for the kernels.
#[derive(Clone, Copy)]
pub struct LionRule {
    rate: f32,
    keep: f32,
    beta1: f32,
    rest1: f32,
    beta2: f32,
    rest2: f32,
}

impl Rule for LionRule {
    #[inline(always)]
    fn state_count(self) -> usize {
        1
    }

    #[inline(always)]
    fn apply<L: Lanes>(self, theta: L, g: L, [m, none]: [L; MAX_STATE]) -> (L, [L; MAX_STATE]) {
        let all = |value: f32| theta.splat_like(value);
        let (zero, rate) = (all(0.0), all(self.rate));
        let c = m.mul_add(all(self.beta1), g * all(self.rest1));
        let update = rate.select(c.gt(zero), (zero - rate).select(zero.gt(c), zero));
        let m = m.mul_add(all(self.beta2), g * all(self.rest2));
        // 0 between -least and least; NaN, which is not less than any number, stays NaN.
        let least = all(subnormal::LEAST);
        let m = zero.select(least.gt(m), m).select(m.gt(zero - least), m);
        (theta * all(self.keep) - update, [m, none])
    }

    #[inline(always)]
    fn state_probe<L: Lanes>(self, [m, _]: [L; MAX_STATE]) -> L {
        // The step is finite whatever the moment is.
        m
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn a_parameter_without_gradient_comes_to_rest() -> Result<()> {
        // Rounding would hold the moment at a subnormal number, whose sign would move the parameter forever.
        let theta = [Var::new(&[0_f32, 0.0, 0.0], &Device::Cpu)?];
        let mut optimizer = Config { beta2: 0.9, ..Config::default() }.build(&theta)?;
        let [first, none] = [[1_f32, -1.0, 0.0], [0.0; 3]].map(|values| Tensor::new(&values, &Device::Cpu));
        assert!(optimizer.step(&theta, &[first?], 1.0, 1)?);
        let none = none?;
        let mut step_to = |from: u64, to: u64| -> Result<Vec<f32>> {
            for step in from..=to {
                optimizer.step(&theta, std::slice::from_ref(&none), 1.0, step)?;
                for value in optimizer.state()[0].1[0].to_vec1::<f32>()? {
                    assert!(value.is_normal() || value == 0.0, "step {step}: {value:e}");
                }
            }
            theta[0].to_vec1()
        };
        assert_eq!(step_to(2, 100)?, [-100.0, 100.0, 0.0]);
        let rest = step_to(101, 2000)?;
        assert!(rest[0] > -1000.0 && rest[1] == -rest[0] && rest[2] == 0.0, "{rest:?}");
        assert_eq!(step_to(2001, 2100)?, rest);
        Ok(())
    }
}
