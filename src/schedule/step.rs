//! Step decay, as PyTorch's `StepLR` computes it: f(t) = g^⌊t / S⌋.

use serde::{Deserialize, Serialize};

use super::duration::Duration;
use super::warmup::Warmup;
use super::{Course, ScheduleConfig};
use crate::config::Problems;

/// `[schedule.step]`: the learning rate is multiplied by the same factor at regular intervals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
#[schemars(extend("additionalProperties" = false))]
pub struct Config {
    /// The interval in steps; this or `every_epochs` is required.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub every_steps: Option<u64>,
    /// The interval in epochs; fractions are allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 1_000_000_000))]
    pub every_epochs: Option<f64>,
    /// The factor.
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 1))]
    pub gamma: f64,
    /// The warm-up before it.
    #[serde(flatten)]
    pub warmup: Warmup,
}

impl Default for Config {
    fn default() -> Self {
        Self { every_steps: None, every_epochs: None, gamma: 0.1, warmup: Warmup::default() }
    }
}

impl Config {
    fn every(&self) -> Duration {
        Duration { steps: self.every_steps, epochs: self.every_epochs }
    }
}

impl ScheduleConfig for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        self.every().require("every", problems);
    }

    fn warmup(&self) -> &Warmup {
        &self.warmup
    }

    fn factor(&self, step: u64, course: &Course) -> f64 {
        libm::pow(self.gamma, (step as f64 / self.every().or_all(course)).floor())
    }
}
