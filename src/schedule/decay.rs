//! The time in which a schedule lowers the learning rate.

use serde::{Deserialize, Serialize};

use super::Course;
use super::duration::Duration;
use crate::config::Problems;

/// The decay time of a schedule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct Decay {
    /// The decay time in steps; by default, the whole run after the warm-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub decay_steps: Option<u64>,
    /// The decay time in epochs; fractions are allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 1_000_000_000))]
    pub decay_epochs: Option<f64>,
}

impl Decay {
    fn duration(&self) -> Duration {
        Duration { steps: self.decay_steps, epochs: self.decay_epochs }
    }

    /// Reports a time in both units.
    pub fn validate(&self, problems: &mut Problems<'_>) {
        self.duration().validate("decay", problems);
    }

    /// The number of steps, at least 1.
    #[must_use]
    pub fn steps(&self, course: &Course) -> f64 {
        self.duration().or_all(course)
    }
}
