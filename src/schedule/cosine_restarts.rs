//! Cosine decay with restarts (Loshchilov and Hutter, "SGDR", 2017), as Keras's `CosineDecayRestarts` computes it.
//!
//! The i-th cycle, counted from 0, has D kⁱ steps, where D is the first decay time and k is `t_mul`. At share x of it,
//! f(t) = e + (1 - e) mⁱ (1 + cos πx) / 2, where m is `m_mul`. PyTorch's `CosineAnnealingWarmRestarts` has k = 1 by default and no m.

use serde::{Deserialize, Serialize};

use super::duration::Duration;
use super::warmup::{Shape, Warmup};
use super::{Course, ScheduleConfig};
use crate::config::Problems;

/// `[schedule.cosine_restarts]`: the learning rate falls along a cosine and starts again, in cycles of growing length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
#[schemars(extend("additionalProperties" = false))]
pub struct Config {
    /// The length of the first cycle in steps; this or `first_decay_epochs` is required.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub first_decay_steps: Option<u64>,
    /// The length of the first cycle in epochs; fractions are allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 1_000_000_000))]
    pub first_decay_epochs: Option<f64>,
    /// The factor from the length of a cycle to that of the next.
    #[schemars(range(min = 1, max = 1_000))]
    pub t_mul: f64,
    /// The factor from the learning rate at the start of a cycle to that of the next.
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 1))]
    pub m_mul: f64,
    /// The factor of the learning rate at the end of each cycle.
    #[schemars(range(min = 0, max = 1))]
    pub end: f64,
    /// The warm-up before it.
    #[serde(flatten)]
    pub warmup: Warmup,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            first_decay_steps: None,
            first_decay_epochs: None,
            t_mul: 2.0,
            m_mul: 1.0,
            end: 0.0,
            warmup: Warmup::default(),
        }
    }
}

impl Config {
    fn first_decay(&self) -> Duration {
        Duration { steps: self.first_decay_steps, epochs: self.first_decay_epochs }
    }

    /// The number of the cycle at `step`, and the share of it that is over.
    fn cycle(&self, step: u64, first: f64) -> (f64, f64) {
        let step = step as f64;
        if self.t_mul == 1.0 {
            let cycle = (step / first).floor();
            return (cycle, step / first - cycle);
        }
        // A logarithm could be off by a cycle at its boundary; lengths grow, so that there are few cycles.
        let (mut cycle, mut start, mut length) = (0.0, 0.0, first);
        while step >= start + length {
            start += length;
            length *= self.t_mul;
            cycle += 1.0;
        }
        (cycle, (step - start) / length)
    }
}

impl ScheduleConfig for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        self.first_decay().require("first_decay", problems);
        if self.t_mul > 1.0 && self.t_mul < 1.01 {
            problems.key("t_mul").report("must be 1, for cycles of equal length, or at least 1.01");
        }
    }

    fn warmup(&self) -> &Warmup {
        &self.warmup
    }

    fn factor(&self, step: u64, course: &Course) -> f64 {
        let (cycle, share) = self.cycle(step, self.first_decay().or_all(course));
        self.end + (1.0 - self.end) * libm::pow(self.m_mul, cycle) * Shape::Cosine.rest(share)
    }
}
