//! The position of a run, and its planned length.
//!
//! ```
//! use taper::internals::position::{Course, Position};
//!
//! let course = Course::new(60_000, 32, 10, None);
//! let position = Position { step: 9375, epoch: 5, course, ..Position::default() };
//! assert_eq!((course.steps, position.progress()), (1875, 0.5));
//! ```

use serde::{Deserialize, Serialize};

/// The position of a run, from which schedules are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The number of steps taken.
    pub step: u64,
    /// The number of epochs finished, including validation.
    pub epoch: u64,
    /// The number of samples of the current epoch that were used.
    pub samples_in_epoch: u64,
    /// The planned course of the run. Not part of a checkpoint: a resumed run may change it.
    #[serde(skip)]
    pub course: Course,
}

/// The planned length of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// The number of epochs, unless something stops the run earlier.
    pub epochs: u64,
    /// The number of training samples in an epoch.
    pub samples: u64,
    /// The number of steps in an epoch.
    pub steps: u64,
    /// The number of steps in the whole run, unless a limit in minutes or a callback stops it earlier.
    pub all_steps: u64,
}

impl Course {
    /// The course of `epochs` epochs of `samples` samples in batches of `batch_size`, with at most
    /// `max_steps` steps.
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

    /// Whether an epoch has just been finished, or none has begun.
    #[must_use]
    pub fn is_between_epochs(&self) -> bool {
        self.samples_in_epoch == 0
    }

    /// The fraction of the run's steps that were taken, in [0, 1].
    #[must_use]
    pub fn progress(&self) -> f64 {
        (self.step as f64 / self.course.all_steps.max(1) as f64).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_follows_from_epochs_and_steps() {
        let course = Course::new(60, 20, 5, None);
        assert_eq!((course.steps, course.all_steps), (3, 15));
        assert_eq!(Course::new(61, 20, 5, Some(7)).all_steps, 7);
        assert_eq!(Course::new(61, 20, 5, Some(99)).all_steps, 20);
        let position = Position { step: 3, course, ..Position::default() };
        assert_eq!(position.progress(), 0.2);
        assert!(position.is_between_epochs() && !position.is_end_of_epoch());
    }
}
