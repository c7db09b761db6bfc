//! What a run reports while it goes on.

use serde::Serialize;

use crate::error::Result;

/// The version of the lines in `events.jsonl`.
pub const VERSION: u32 = 1;

/// Something that happened; a line of `events.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Training begins.
    Start {
        /// The run's name.
        name: String,
        /// The taper that runs.
        taper: String,
        /// `cpu` or `cuda:N`.
        device: String,
        /// The engine that runs the steps.
        engine: String,
        /// The run's seed.
        seed: u64,
        /// The number of parameters.
        parameters: u64,
        /// Samples to train on.
        train_samples: usize,
        /// Samples to validate on after each epoch.
        validation_samples: usize,
        /// Samples to test on at the end.
        test_samples: usize,
    },
    /// A step was taken; written every `train.log_every_steps` steps.
    Step {
        /// Steps taken.
        step: u64,
        /// The epoch, counted from 1.
        epoch: u64,
        /// The mean loss of the batch.
        loss: f64,
        /// The step size.
        learning_rate: f64,
    },
    /// An epoch is finished and validated.
    Epoch(Epoch),
    /// A checkpoint is about to be written.
    Checkpoint {
        /// Steps taken.
        step: u64,
        /// Whether it is the best so far.
        best: bool,
    },
    /// The run is over.
    End {
        /// `epochs`, `max_steps` or `max_minutes`.
        reason: &'static str,
        /// Steps taken.
        step: u64,
        /// Everything measured last, by name.
        #[serde(serialize_with = "as_map")]
        metrics: Metrics,
        /// Seconds of training, over all sessions.
        seconds: f64,
    },
}

/// Measured values by name, such as `validation.accuracy`, in a fixed order.
pub type Metrics = Vec<(String, f64)>;

/// What an epoch came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Epoch {
    /// Its number, counted from 1.
    pub epoch: u64,
    /// Steps taken since the start of the run.
    pub step: u64,
    /// Values by name. Those of `train.` are means over the epoch, while the weights changed.
    #[serde(serialize_with = "as_map")]
    pub metrics: Metrics,
    /// The step size.
    pub learning_rate: f64,
    /// Seconds of training in this epoch and session, without validation.
    pub seconds: f64,
    /// Training samples in each of these seconds.
    pub samples_per_second: f64,
}

/// A step, reported to observers as it happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// Steps taken.
    pub step: u64,
    /// The epoch, counted from 1.
    pub epoch: u64,
    /// Samples of this epoch used so far.
    pub samples_in_epoch: u64,
    /// Samples in an epoch.
    pub samples: u64,
    /// The epoch's mean loss so far.
    pub loss: f64,
    /// The epoch's accuracy so far, where classes are predicted.
    pub accuracy: Option<f64>,
}

/// Something that listens: a log file, a progress bar.
pub trait Observer {
    /// A step was taken. Called for every step: cheap work only.
    fn step(&mut self, _report: &StepReport) {}

    /// Something happened.
    ///
    /// # Errors
    /// An error stops the run: a log that cannot be written is lost work.
    fn event(&mut self, event: &Event) -> Result<()>;
}

fn as_map<S: serde::Serializer>(metrics: &Metrics, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(metrics.iter().map(|(name, value)| (name, value)))
}
