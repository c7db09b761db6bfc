//! Adagrad (Duchi, Hazan and Singer, 2011), as PyTorch computes it.
//!
//! s ← s + g², θ ← θ - η g / (√s + ε), where s starts at `initial_accumulator`. `weight_decay` adds λ θ to g
//! first (L2 penalty). PyTorch adds ε to the root and starts at 0; Keras uses √(s + ε) with ε = 1e-7, starts
//! at 0.1, and has a learning rate of 0.001. The sum never decays, so it needs no bias against subnormal
//! numbers.

use candle_core::{Result, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::{Formula, Live, Optimizer, OptimizerConfig};
use taper_kernels::rule::{MAX_STATE, Rule};
use taper_kernels::simd::lanes::Lanes;

/// `[optimizer.adagrad]`: steps scaled by the root of the sum of all squared gradients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The learning rate; the default is PyTorch's, Keras's is 0.001.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub learning_rate: f64,
    /// The value with which the sum of squared gradients starts; the default is PyTorch's, Keras's is 0.1.
    #[schemars(range(min = 0))]
    pub initial_accumulator: f64,
    /// Added to the denominator, outside of the root; the default is PyTorch's.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub epsilon: f64,
    /// The factor of the L2 penalty: `weight_decay` times the parameter is added to its gradient.
    #[schemars(range(min = 0))]
    pub weight_decay: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { learning_rate: 1e-2, initial_accumulator: 0.0, epsilon: 1e-10, weight_decay: 0.0 }
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
    type Rule = AdagradRule;

    fn kinds(&self) -> &'static [&'static str] {
        &["square_sum"]
    }

    fn initial(&self) -> f64 {
        self.initial_accumulator
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
        let gradient = (gradient + (theta * self.weight_decay)?)?;
        let sum = (&state[0] + gradient.sqr()?)?;
        let direction = (gradient / (sum.sqrt()? + self.epsilon)?)?;
        Ok(((theta - (direction * rate)?)?, vec![sum]))
    }

    fn rule(&self, rate: f64) -> AdagradRule {
        let [rate, epsilon, penalty] = [rate, self.epsilon, self.weight_decay].map(|factor| factor as f32);
        AdagradRule { rate, epsilon, penalty }
    }
}

/// The formula for the kernels.
#[derive(Clone, Copy)]
pub struct AdagradRule {
    rate: f32,
    epsilon: f32,
    penalty: f32,
}

impl Rule for AdagradRule {
    #[inline(always)]
    fn state_count(self) -> usize {
        1
    }

    #[inline(always)]
    fn apply<L: Lanes>(self, theta: L, gradient: L, [sum, none]: [L; MAX_STATE]) -> (L, [L; MAX_STATE]) {
        let all = |value: f32| theta.splat_like(value);
        let g = theta.mul_add(all(self.penalty), gradient);
        let sum = g.mul_add(g, sum);
        let direction = g / (sum.sqrt() + all(self.epsilon));
        (theta - direction * all(self.rate), [sum, none])
    }

    #[inline(always)]
    fn state_probe<L: Lanes>(self, [sum, _]: [L; MAX_STATE]) -> L {
        // If the sum is infinite the step is 0.
        sum
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn the_sum_starts_at_the_initial_accumulator() -> Result<()> {
        let theta = [Var::new(&[1_f32], &Device::Cpu)?];
        let config =
            Config { initial_accumulator: 0.75, epsilon: 0.5, weight_decay: 0.25, ..Config::default() };
        let mut optimizer = config.build(&theta)?;
        assert_eq!(optimizer.state()[0].1[0].to_vec1::<f32>()?, [0.75]);
        let gradient = Tensor::new(&[0.25_f32], &Device::Cpu)?;
        assert!(optimizer.step(&theta, &[gradient], 0.5, 1)?);
        // The gradient with its penalty is 0.5, and the root of 0.75 + 0.25 is 1.
        assert_eq!(optimizer.state()[0].1[0].to_vec1::<f32>()?, [1.0]);
        assert!((theta[0].to_vec1::<f32>()?[0] - (1.0 - 0.5 * 0.5 / 1.5)).abs() < 1e-7);
        Ok(())
    }
}
