//! Durations of schedules, which are given in steps or in epochs.

use super::Course;
use crate::config::Problems;

/// A duration as it is written in a config: in steps or in epochs, not both.
#[derive(Clone, Copy)]
pub struct Duration {
    pub steps: Option<u64>,
    pub epochs: Option<f64>,
}

impl Duration {
    /// The number of steps, if the duration is given; a part of a step is rounded.
    pub fn resolve(self, course: &Course) -> Option<u64> {
        self.steps.or_else(|| self.epochs.map(|epochs| epochs_to_steps(epochs, course)))
    }

    /// The number of steps from 1; without a duration, all steps of the course.
    pub fn or_all(self, course: &Course) -> f64 {
        self.resolve(course).unwrap_or(course.all_steps).max(1) as f64
    }

    /// Reports a duration that is given in both units, as `NAME_steps` and `NAME_epochs`.
    pub fn validate(self, name: &str, problems: &mut Problems<'_>) {
        if self.steps.is_some() && self.epochs.is_some() {
            problems.key(&format!("{name}_epochs")).report_with_help(
                format!("`{name}_steps` and `{name}_epochs` set the same duration"),
                "remove one of them",
            );
        }
    }

    /// Reports a duration that is not given at all.
    pub fn require(self, name: &str, problems: &mut Problems<'_>) {
        self.validate(name, problems);
        if self.steps.is_none() && self.epochs.is_none() {
            problems.report_with_help(
                format!("neither `{name}_steps` nor `{name}_epochs` is set"),
                format!("add one of them, such as `{name}_epochs = 1`"),
            );
        }
    }
}

/// The number of steps in `epochs` epochs, rounded.
pub fn epochs_to_steps(epochs: f64, course: &Course) -> u64 {
    // Negative and too large values become the nearest integer.
    (epochs * course.steps as f64).round() as u64
}
