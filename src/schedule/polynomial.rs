//! Polynomial decay, as Keras's `PolynomialDecay` computes it: f(t) = e + (1 - e) (1 - min(t, D) / D)^p.
//!
//! With `cycle`, D is the smallest multiple of the decay time that is not below t, and not 0: the rate rises again
//! whenever it has reached the end. Keras and PyTorch name the end as a learning rate; here it is a factor.

use serde::{Deserialize, Serialize};

use super::decay::Decay;
use super::warmup::Warmup;
use super::{Course, ScheduleConfig};
use crate::config::Problems;

/// `[schedule.polynomial]`: the learning rate falls to its end along a power of the remaining time; by default linearly to 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
#[schemars(extend("additionalProperties" = false))]
pub struct Config {
    /// The power of the remaining time; 1 is a straight line.
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 100))]
    pub power: f64,
    /// The factor of the learning rate at the end.
    #[schemars(range(min = 0, max = 1))]
    pub end: f64,
    /// The decay time.
    #[serde(flatten)]
    pub decay: Decay,
    /// Whether the decay time is doubled, tripled and so on when it is over, which raises the learning rate again.
    pub cycle: bool,
    /// The warm-up before it.
    #[serde(flatten)]
    pub warmup: Warmup,
}

impl Default for Config {
    fn default() -> Self {
        Self { power: 1.0, end: 0.0, decay: Decay::default(), cycle: false, warmup: Warmup::default() }
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
        let (step, decay) = (step as f64, self.decay.steps(course));
        let end = if self.cycle { decay * (step / decay).ceil().max(1.0) } else { decay };
        self.end + (1.0 - self.end) * libm::pow(1.0 - step.min(end) / end, self.power)
    }
}
