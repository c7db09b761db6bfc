//! Cosine decay (Loshchilov and Hutter, "SGDR", 2017) without restarts: f(t) = e + (1 - e) (1 + cos(π min(t, D) / D)) / 2.
//!
//! As Keras's `CosineDecay`, whose `alpha` is the end as a factor, and which stays there; PyTorch's `CosineAnnealingLR` takes the
//! end as a learning rate, and rises again after `T_max`.

use serde::{Deserialize, Serialize};

use super::decay::Decay;
use super::warmup::{Shape, Warmup};
use super::{Course, ScheduleConfig};
use crate::config::Problems;

/// `[schedule.cosine]`: the learning rate falls to its end along half a period of a cosine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
#[schemars(extend("additionalProperties" = false))]
pub struct Config {
    /// The factor of the learning rate at the end.
    #[schemars(range(min = 0, max = 1))]
    pub end: f64,
    /// The decay time.
    #[serde(flatten)]
    pub decay: Decay,
    /// The warm-up before it.
    #[serde(flatten)]
    pub warmup: Warmup,
}

impl ScheduleConfig for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        self.decay.validate(problems);
    }

    fn warmup(&self) -> &Warmup {
        &self.warmup
    }

    fn factor(&self, step: u64, course: &Course) -> f64 {
        let decay = self.decay.steps(course);
        self.end + (1.0 - self.end) * Shape::Cosine.rest((step as f64).min(decay) / decay)
    }
}
