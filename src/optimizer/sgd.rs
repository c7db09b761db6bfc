//! Stochastic gradient descent with momentum (Polyak, 1964; Sutskever et al., 2013), as PyTorch
//! computes it.
//!
//! g ← g + λ θ, u ← μ u + g, θ ← θ - η u, or with Nesterov momentum θ ← θ - η (g + μ u). Without momentum θ
//! ← θ - η g. Keras stores η u instead of u, which is the same while η is constant.

use candle_core::{Result, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::{Formula, Live, Optimizer, OptimizerConfig, subnormal};
use crate::config::Problems;
use taper_kernels::rule::{MAX_STATE, Rule};
use taper_kernels::simd::lanes::Lanes;

/// `[optimizer.sgd]`: steps against the gradient, optionally with momentum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The learning rate; the default is Keras's.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub learning_rate: f64,
    /// The share of the velocity kept at each step.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub momentum: f64,
    /// Whether to use Nesterov momentum, which looks ahead along the velocity; needs `momentum`.
    pub nesterov: bool,
    /// The factor of the L2 penalty: `weight_decay` times the parameter is added to its gradient.
    #[schemars(range(min = 0))]
    pub weight_decay: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { learning_rate: 1e-2, momentum: 0.0, nesterov: false, weight_decay: 0.0 }
    }
}

impl OptimizerConfig for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        if self.nesterov && self.momentum == 0.0 {
            problems
                .key("nesterov")
                .report_with_help("Nesterov momentum needs `momentum`", "set `momentum`, for example to 0.9");
        }
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn state_count(&self) -> usize {
        self.kinds().len()
    }

    fn build(&self, parameters: &[Var]) -> Result<Box<dyn Optimizer>> {
        Live::boxed(self.clone(), parameters)
    }
}

impl Formula for Config {
    /// The learning rate.
    type Factors = f64;
    type Rule = SgdRule;

    fn kinds(&self) -> &'static [&'static str] {
        if self.momentum == 0.0 { &[] } else { &["velocity"] }
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
        let [velocity] = state else {
            return Ok(((theta - (gradient * rate)?)?, Vec::new()));
        };
        let velocity = ((velocity * self.momentum)? + &gradient)?;
        let direction =
            if self.nesterov { (gradient + (&velocity * self.momentum)?)? } else { velocity.clone() };
        Ok(((theta - (direction * rate)?)?, vec![velocity]))
    }

    fn rule(&self, rate: f64) -> SgdRule {
        let [rate, momentum, decay] = [rate, self.momentum, self.weight_decay].map(|factor| factor as f32);
        let bias = subnormal::gradient_bias(1.0 - self.momentum, 1.0);
        SgdRule { rate, momentum, bias, decay, nesterov: self.nesterov }
    }
}

/// The formula for the kernels.
#[derive(Clone, Copy)]
pub struct SgdRule {
    rate: f32,
    momentum: f32,
    /// See [`subnormal`].
    bias: f32,
    decay: f32,
    nesterov: bool,
}

impl Rule for SgdRule {
    #[inline(always)]
    fn state_count(self) -> usize {
        usize::from(self.momentum != 0.0)
    }

    #[inline(always)]
    fn apply<L: Lanes>(self, theta: L, gradient: L, [velocity, none]: [L; MAX_STATE]) -> (L, [L; MAX_STATE]) {
        let all = |value: f32| theta.splat_like(value);
        let gradient = theta.mul_add(all(self.decay), gradient);
        let velocity = velocity.mul_add(all(self.momentum), gradient + all(self.bias));
        let direction = if self.nesterov { velocity.mul_add(all(self.momentum), gradient) } else { velocity };
        (theta - direction * all(self.rate), [velocity, none])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesterov_without_momentum_is_reported() {
        let problems = |config: &Config| {
            let mut found = Vec::new();
            config.validate(&mut Problems::new(&mut found));
            found
        };
        let found = problems(&Config { nesterov: true, ..Config::default() });
        assert_eq!(found[0].path.to_string(), "nesterov");
        assert!(problems(&Config { nesterov: true, momentum: 0.9, ..Config::default() }).is_empty());
    }
}
