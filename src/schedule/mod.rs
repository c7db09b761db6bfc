//! Learning rate schedules: one file per schedule, selected by `[schedule.NAME]`.
//!
//! A schedule is a closed formula: the factor f(t) of the optimizer's `learning_rate` for step t = 0, 1, …,
//! which depends on t and the planned length of the run alone. A resumed run needs no state to continue it.
//! Every schedule can begin with a [`warmup`].
//!
//! ```
//! use taper::schedule::{Config, Course, Schedule, cosine};
//!
//! let config = Config::cosine(cosine::Config::default());
//! let schedule = Schedule::new(&config, 1e-3, Course::new(60_000, 32, 2, None));
//! assert_eq!(schedule.rate(0), 1e-3);
//! assert!((schedule.rate(1875) - 0.5e-3).abs() < 1e-12); // halfway
//! ```

pub mod constant;
pub mod cosine;
pub mod cosine_restarts;
pub mod decay;
pub mod exponential;
pub mod multi_step;
pub mod one_cycle;
pub mod polynomial;
pub mod step;
pub mod warmup;

mod duration;

pub use crate::position::Course;

use crate::config::{Problems, registry};
use warmup::Warmup;

registry! {
    /// `[schedule.NAME]`: how the learning rate changes during the run.
    Config: ScheduleConfig {
        constant, exponential, step, multi_step, polynomial, cosine, cosine_restarts, one_cycle
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::constant(constant::Config::default())
    }
}

/// The config of a schedule.
pub trait ScheduleConfig {
    /// Reports problems with the options that the schema cannot express, except those of the warm-up.
    fn validate(&self, _problems: &mut Problems<'_>) {}

    /// The warm-up before the schedule.
    fn warmup(&self) -> &Warmup;

    /// The factor for step `step`, counted from 0 after the warm-up, in a run of this `course` after it.
    fn factor(&self, step: u64, course: &Course) -> f64;
}

/// A schedule for a run.
#[derive(Clone, Debug)]
pub struct Schedule {
    config: Config,
    learning_rate: f64,
    /// The steps of the warm-up.
    warmup: u64,
    /// The course of the run after the warm-up.
    course: Course,
}

impl Schedule {
    /// The schedule for a run of this `course`, whose factors multiply `learning_rate`.
    #[must_use]
    pub fn new(config: &Config, learning_rate: f64, course: Course) -> Self {
        let warmup = config.member().warmup().steps(&course);
        let course = Course { all_steps: course.all_steps.saturating_sub(warmup), ..course };
        Self { config: config.clone(), learning_rate, warmup, course }
    }

    /// The factor of the learning rate for step `step`, counted from 0.
    #[must_use]
    pub fn factor(&self, step: u64) -> f64 {
        let member = self.config.member();
        match step.checked_sub(self.warmup) {
            Some(step) => member.factor(step, &self.course),
            None => member.warmup().factor(step, self.warmup),
        }
    }

    /// The learning rate for step `step`, counted from 0.
    #[must_use]
    pub fn rate(&self, step: u64) -> f64 {
        self.learning_rate * self.factor(step)
    }
}

#[cfg(test)]
mod tests;
