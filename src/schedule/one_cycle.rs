//! One cycle (Smith and Topin, "Super-Convergence", 2019), as PyTorch's `OneCycleLR` computes it.
//!
//! In a run of T steps, f rises from 1 / `div_factor` at step 0 to 1 at step pT - 1, where p is `pct_start`, and falls from there to
//! 1 / (`div_factor` · `final_div_factor`) at step T - 1, where it stays. `learning_rate` is PyTorch's `max_lr`. A phase
//! without a step (pT ≤ 1, or p = 1) is left out; PyTorch fails then. A run of one step takes it at f = 1.

use serde::{Deserialize, Serialize};

use super::warmup::{Shape, Warmup};
use super::{Course, ScheduleConfig};

/// `[schedule.one_cycle]`: the learning rate rises to its full value and falls to almost 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
#[schemars(extend("additionalProperties" = false))]
pub struct Config {
    /// The share of the run in which the learning rate rises.
    #[schemars(range(min = 0, max = 1))]
    pub pct_start: f64,
    /// The learning rate rises from its full value divided by this.
    #[schemars(range(min = 1))]
    pub div_factor: f64,
    /// The learning rate falls to that of the first step divided by this.
    #[schemars(range(min = 1))]
    pub final_div_factor: f64,
    /// The shape of the rise and the fall.
    pub anneal: Shape,
    /// The warm-up before it.
    #[serde(flatten)]
    pub warmup: Warmup,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            pct_start: 0.3,
            div_factor: 25.0,
            final_div_factor: 1e4,
            anneal: Shape::Cosine,
            warmup: Warmup::default(),
        }
    }
}

impl ScheduleConfig for Config {
    fn warmup(&self) -> &Warmup {
        &self.warmup
    }

    fn factor(&self, step: u64, course: &Course) -> f64 {
        let (step, last) = (step as f64, course.all_steps.max(1) as f64 - 1.0);
        let top = (self.pct_start * course.all_steps as f64 - 1.0).max(0.0);
        let (first, end) = (1.0 / self.div_factor, 1.0 / (self.div_factor * self.final_div_factor));
        if step < top {
            first + (1.0 - first) * self.anneal.at(step / top)
        } else if last > top {
            end + (1.0 - end) * self.anneal.rest((step - top).min(last - top) / (last - top))
        } else {
            1.0
        }
    }
}
