//! Decay at chosen steps, as PyTorch's `MultiStepLR` computes it: f(t) = g^n, where n is the number of milestones m with t ≥ m.
//!
//! Keras's `PiecewiseConstantDecay` changes one step later (t > m), and takes learning rates instead of a factor.

use serde::{Deserialize, Serialize};

use super::duration::epochs_to_steps;
use super::warmup::Warmup;
use super::{Course, ScheduleConfig};
use crate::config::Problems;

/// `[schedule.multi_step]`: the learning rate is multiplied by the same factor at each milestone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
#[schemars(extend("additionalProperties" = false))]
pub struct Config {
    /// The milestones as numbers of steps after the warm-up, rising; these or `milestone_epochs` are required.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub milestone_steps: Vec<u64>,
    /// The milestones as numbers of epochs after the warm-up; fractions are allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub milestone_epochs: Vec<f64>,
    /// The factor.
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 1))]
    pub gamma: f64,
    /// The warm-up before it.
    #[serde(flatten)]
    pub warmup: Warmup,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            milestone_steps: Vec::new(),
            milestone_epochs: Vec::new(),
            gamma: 0.1,
            warmup: Warmup::default(),
        }
    }
}

impl ScheduleConfig for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        match (self.milestone_steps.is_empty(), self.milestone_epochs.is_empty()) {
            (true, true) => problems.report_with_help(
                "neither `milestone_steps` nor `milestone_epochs` is set",
                "add one of them, such as `milestone_epochs = [5, 8]`",
            ),
            (false, false) => problems.key("milestone_epochs").report_with_help(
                "`milestone_steps` and `milestone_epochs` set the same milestones",
                "remove one of them",
            ),
            _ => {}
        }
        if !self.milestone_steps.is_sorted_by(|a, b| a < b) {
            problems.key("milestone_steps").report("must rise from each milestone to the next");
        }
        if !self.milestone_epochs.is_sorted_by(|a, b| a < b) {
            problems.key("milestone_epochs").report("must rise from each milestone to the next");
        }
        if self.milestone_epochs.first().is_some_and(|first| *first < 0.0) {
            problems.key("milestone_epochs").report("must not be negative");
        }
    }

    fn warmup(&self) -> &Warmup {
        &self.warmup
    }

    fn factor(&self, step: u64, course: &Course) -> f64 {
        let in_epochs = self.milestone_epochs.iter().map(|epochs| epochs_to_steps(*epochs, course));
        let passed = self.milestone_steps.iter().copied().chain(in_epochs).filter(|at| step >= *at).count();
        libm::pow(self.gamma, passed as f64)
    }
}
