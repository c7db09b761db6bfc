//! The warm-up, with which any schedule can begin.
//!
//! f(t) = s + (1 - s) h((t + 1) / W) for the first W steps, where s is `warmup_start` and h(x) = x (`linear`) or
//! (1 - cos πx) / 2 (`cosine`). No step has a rate of 0, as with t / W, and the last one has the full rate. The schedule
//! itself starts afterwards, at its own step 0. After Goyal et al., "Accurate, Large Minibatch SGD" (2017).

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::Course;
use super::duration::Duration;
use crate::config::Problems;

/// The options of a warm-up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct Warmup {
    /// The number of steps in which the learning rate first rises to its full value; by default, none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup_steps: Option<u64>,
    /// The same in epochs; fractions are allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub warmup_epochs: Option<f64>,
    /// The factor of the learning rate from which the warm-up rises.
    #[schemars(range(min = 0, max = 1))]
    pub warmup_start: f64,
    /// The shape of the rise.
    pub warmup_shape: Shape,
}

/// The shape of a rise or a fall.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// A straight line.
    #[default]
    Linear,
    /// Half a period of a cosine: slow at both ends.
    Cosine,
}

impl Shape {
    /// The share of the way covered at `x`, both in [0, 1].
    #[must_use]
    pub fn at(self, x: f64) -> f64 {
        match self {
            Self::Linear => x,
            Self::Cosine => (1.0 - libm::cos(PI * x)) / 2.0,
        }
    }

    /// The share of the way that remains at `x`, both in [0, 1].
    #[must_use]
    pub fn rest(self, x: f64) -> f64 {
        match self {
            Self::Linear => 1.0 - x,
            Self::Cosine => f64::midpoint(1.0, libm::cos(PI * x)),
        }
    }
}

impl Warmup {
    fn duration(&self) -> Duration {
        Duration { steps: self.warmup_steps, epochs: self.warmup_epochs }
    }

    /// Reports a duration in both units.
    pub fn validate(&self, problems: &mut Problems<'_>) {
        self.duration().validate("warmup", problems);
    }

    /// The number of steps in a run of this `course`.
    #[must_use]
    pub fn steps(&self, course: &Course) -> u64 {
        self.duration().resolve(course).unwrap_or(0)
    }

    /// The factor for step `step` of `steps`, counted from 0.
    #[must_use]
    pub fn factor(&self, step: u64, steps: u64) -> f64 {
        let share = (step + 1) as f64 / steps.max(1) as f64;
        self.warmup_start + (1.0 - self.warmup_start) * self.warmup_shape.at(share)
    }
}
