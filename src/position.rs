//! Where a run stands, and what is known of its end.
//!
//! ```
//! use taper::internals::position::{Course, Position};
//!
//! let course = Course::new(60_000, 32, 10, None);
//! let position = Position { step: 9375, epoch: 5, course, ..Position::default() };
//! assert_eq!((course.steps, position.progress()), (1875, 0.5));
//! ```

use serde::{Deserialize, Serialize};

/// Where a run stands: all that a schedule is computed from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Steps taken.
    pub step: u64,
    /// Epochs finished, validation included.
    pub epoch: u64,
    /// Samples of the current epoch that were used.
    pub samples_in_epoch: u64,
    /// What the config says of the run's course. Not part of a checkpoint: a resumed run may change it.
    #[serde(skip)]
    pub course: Course,
}

/// The length of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// Epochs, unless something stops the run earlier.
    pub epochs: u64,
    /// Training samples in an epoch.
    pub samples: u64,
    /// Steps in an epoch.
    pub steps: u64,
    /// Steps of the whole run, unless something stops it earlier. A limit in minutes or a callback may.
    pub all_steps: u64,
}

impl Course {
    /// The course of `epochs` epochs of `samples` samples in batches of `batch_size`, of `max_steps` at
    /// most.
    #[must_use]
    pub fn new(samples: u64, batch_size: u64, epochs: u64, max_steps: Option<u64>) -> Self {
        let steps = samples.div_ceil(batch_size.max(1));
        let all_steps = steps.saturating_mul(epochs);
        Self { epochs, samples, steps, all_steps: max_steps.map_or(all_steps, |most| most.min(all_steps)) }
    }
}

impl Position {
    /// Whether all samples of the current epoch were used.
    #[must_use]
    pub fn is_end_of_epoch(&self) -> bool {
        self.samples_in_epoch == self.course.samples
    }

    /// Whether an epoch has just been finished, or none begun.
    #[must_use]
    pub fn is_between_epochs(&self) -> bool {
        self.samples_in_epoch == 0
    }

    /// The share of the run's steps that were taken, in [0, 1].
    #[must_use]
    pub fn progress(&self) -> f64 {
        (self.step as f64 / self.course.all_steps.max(1) as f64).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_known_from_epochs_and_steps() {
        let course = Course::new(60, 20, 5, None);
        assert_eq!((course.steps, course.all_steps), (3, 15));
        assert_eq!(Course::new(61, 20, 5, Some(7)).all_steps, 7);
        assert_eq!(Course::new(61, 20, 5, Some(99)).all_steps, 20);
        let position = Position { step: 3, course, ..Position::default() };
        assert_eq!(position.progress(), 0.2);
        assert!(position.is_between_epochs() && !position.is_end_of_epoch());
    }
}
