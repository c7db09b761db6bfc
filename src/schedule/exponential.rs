//! Exponential decay, as Keras's `ExponentialDecay` computes it: f(t) = r^(t / D), or r^⌊t / D⌋ with `staircase`.
//!
//! PyTorch's `ExponentialLR` is the same with D = 1 step, or one epoch if it is called once an epoch.

use serde::{Deserialize, Serialize};

use super::duration::Duration;
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
    /// The decay time in steps; by default, the whole run after the warm-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub decay_steps: Option<u64>,
    /// The decay time in epochs; fractions are allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 1_000_000_000))]
    pub decay_epochs: Option<f64>,
    /// Whether the learning rate falls at once at the end of each decay time.
    pub staircase: bool,
    /// The warm-up before it.
    #[serde(flatten)]
    pub warmup: Warmup,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            decay_rate: 0.1,
            decay_steps: None,
            decay_epochs: None,
            staircase: false,
            warmup: Warmup::default(),
        }
    }
}

impl Config {
    fn decay(&self) -> Duration {
        Duration { steps: self.decay_steps, epochs: self.decay_epochs }
    }
}

impl ScheduleConfig for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        self.decay().validate("decay", problems);
    }

    fn warmup(&self) -> &Warmup {
        &self.warmup
    }

    fn factor(&self, step: u64, course: &Course) -> f64 {
        let times = step as f64 / self.decay().or_all(course);
        libm::pow(self.decay_rate, if self.staircase { times.floor() } else { times })
    }
}
