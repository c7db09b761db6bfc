//! RMSprop (Tieleman and Hinton, 2012), as PyTorch computes it.
//!
//! s ← ρ s + (1 - ρ) g², d = g / (√s + ε), θ ← θ - η d, or with momentum u ← μ u + d, θ ← θ - η u. The
//! denominator is PyTorch's; Keras uses √(s + ε) instead, which differs if s is near ε.

use candle_core::{Result, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::{Formula, Live, Optimizer, OptimizerConfig, subnormal};
use taper_kernels::rule::{MAX_STATE, Rule};
use taper_kernels::simd::lanes::Lanes;

/// `[optimizer.rmsprop]`: steps scaled by a running mean of the squared gradient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The learning rate; the default is Keras's.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub learning_rate: f64,
    /// The share of the mean squared gradient kept at each step; PyTorch calls it alpha.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub rho: f64,
    /// The share of the velocity kept at each step.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub momentum: f64,
    /// Added to the denominator.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub epsilon: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { learning_rate: 1e-3, rho: 0.9, momentum: 0.0, epsilon: 1e-7 }
    }
}

impl OptimizerConfig for Config {
    fn learning_rate(&self) -> f64 {
        self.learning_rate
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
    type Rule = RmspropRule;

    fn kinds(&self) -> &'static [&'static str] {
        if self.momentum == 0.0 { &["square_average"] } else { &["square_average", "velocity"] }
    }

    fn factors(&mut self, learning_rate: f64, _step: u64) -> f64 {
        learning_rate
    }

    fn tensors(
        &self,
        rate: f64,
        theta: &Tensor,
        gradient: &Tensor,
        state: &[Tensor],
    ) -> Result<(Tensor, Vec<Tensor>)> {
        let average = ((&state[0] * self.rho)? + (gradient.sqr()? * (1.0 - self.rho))?)?;
        let direction = (gradient / (average.sqrt()? + self.epsilon)?)?;
        let Some(velocity) = state.get(1) else {
            return Ok(((theta - (direction * rate)?)?, vec![average]));
        };
        let velocity = ((velocity * self.momentum)? + direction)?;
        Ok(((theta - (&velocity * rate)?)?, vec![average, velocity]))
    }

    fn rule(&self, rate: f64) -> RmspropRule {
        let [rate, momentum, rho, rest, epsilon] =
            [rate, self.momentum, self.rho, 1.0 - self.rho, self.epsilon].map(|factor| factor as f32);
        let bias = [
            subnormal::square_bias(1.0 - self.rho, self.epsilon),
            subnormal::gradient_bias(1.0 - self.momentum, 1.0),
        ];
        RmspropRule { rate, momentum, rho, rest, bias, epsilon }
    }
}

/// The formula for the kernels.
#[derive(Clone, Copy)]
pub struct RmspropRule {
    rate: f32,
    momentum: f32,
    rho: f32,
    rest: f32,
    /// For the average and the velocity, see [`subnormal`].
    bias: [f32; 2],
    epsilon: f32,
}

impl Rule for RmspropRule {
    #[inline(always)]
    fn state_count(self) -> usize {
        if self.momentum == 0.0 { 1 } else { 2 }
    }

    #[inline(always)]
    fn apply<L: Lanes>(self, theta: L, g: L, [average, velocity]: [L; MAX_STATE]) -> (L, [L; MAX_STATE]) {
        let all = |value: f32| theta.splat_like(value);
        let average = average.mul_add(all(self.rho), (g * g).mul_add(all(self.rest), all(self.bias[0])));
        // Without momentum the velocity is zero, and the sum is the direction.
        let direction = g / (average.sqrt() + all(self.epsilon));
        let velocity = velocity.mul_add(all(self.momentum), direction + all(self.bias[1]));
        (theta - velocity * all(self.rate), [average, velocity])
    }

    #[inline(always)]
    fn state_probe<L: Lanes>(self, [average, _]: [L; MAX_STATE]) -> L {
        // If the average is infinite the step is 0; a non-finite velocity makes the step non-finite.
        average
    }
}
