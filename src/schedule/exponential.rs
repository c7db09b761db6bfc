//! Exponential decay, as Keras's `ExponentialDecay` computes it: f(t) = r^(t / D), or r^⌊t / D⌋ with `staircase`.
//!
//! PyTorch's `ExponentialLR` is the same with D = 1 step, or one epoch if it is called once an epoch.

use serde::{Deserialize, Serialize};

use super::decay::Decay;
use super::warmup::Warmup;
use super::{Course, ScheduleConfig};
use crate::config::Problems;

/// `[schedule.exponential]`: the learning rate falls by the same factor in equal times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
#[schemars(extend("additionalProperties" = false))]
pub struct Config {
    /// The factor by which the learning rate falls in the decay time.
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 1))]
    pub decay_rate: f64,
    /// The decay time.
    #[serde(flatten)]
    pub decay: Decay,
    /// Whether the learning rate falls at once at the end of each decay time.
    pub staircase: bool,
    /// The warm-up before it.
    #[serde(flatten)]
    pub warmup: Warmup,
}

impl Default for Config {
    fn default() -> Self {
        Self { decay_rate: 0.1, decay: Decay::default(), staircase: false, warmup: Warmup::default() }
    }
}

impl ScheduleConfig for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        self.decay.validate(problems);
    }

    fn warmup(&self) -> &Warmup {
        &self.warmup
    }

    fn factor(&self, step: u64, course: &Course) -> f64 {
        let times = step as f64 / self.decay.steps(course);
        libm::pow(self.decay_rate, if self.staircase { times.floor() } else { times })
    }
}
