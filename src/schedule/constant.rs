//! A constant learning rate: f(t) = 1.

use serde::{Deserialize, Serialize};

use super::warmup::Warmup;
use super::{Course, ScheduleConfig};

/// `[schedule.constant]`: the learning rate stays the same, except for a warm-up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
#[schemars(extend("additionalProperties" = false))]
pub struct Config {
    /// The warm-up before it.
    #[serde(flatten)]
    pub warmup: Warmup,
}

impl ScheduleConfig for Config {
    fn warmup(&self) -> &Warmup {
        &self.warmup
    }

    fn factor(&self, _step: u64, _course: &Course) -> f64 {
        1.0
    }
}
