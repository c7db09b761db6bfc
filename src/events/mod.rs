//! What a run reports: the lines of `events.jsonl`, read as they are written, and `summary.json`.
//!
//! Times have one meaning everywhere: `seconds` is the time of training steps, from the choice of a
//! batch to its metrics, without validation, checkpoints and logs; `samples_per_second` is training
//! samples in each of these seconds. Both are of the epoch in an [`Epoch`], and of the whole run, over all
//! sessions, at its [end](Event::End) and in its [`Summary`].
//!
//! ```no_run
//! use taper::events::{Event, Events};
//!
//! for line in Events::open("runs/mnist-cnn-0001".as_ref())? {
//!     if let Event::Epoch(epoch) = line?.event {
//!         println!("{}: {:?}", epoch.epoch, epoch.metrics);
//!     }
//! }
//! # Ok::<(), taper::Error>(())
//! ```

mod metrics;
mod read;
mod summary;

pub use metrics::Metrics;
pub use read::Events;
pub use summary::{BestEpoch, LastEpoch, Summary, Verdict};

use serde::{Deserialize, Serialize};

/// The version of the lines in `events.jsonl`.
pub const VERSION: u32 = 1;

/// The name of the file in a run folder.
pub const FILE: &str = "events.jsonl";

/// A line of `events.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// [`VERSION`] when it was written.
    pub v: u32,
    /// Seconds since 1970.
    pub time: f64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
        /// `epochs`, `max_steps`, `max_minutes`, or what a callback said.
        reason: String,
        /// Steps taken.
        step: u64,
        /// What was measured of the weights that are kept and tested, by name: those of the best epoch, else the
        /// last. (Before [`Summary`] had version 2: the last value of everything.)
        metrics: Metrics,
        /// Seconds of training, over all sessions.
        seconds: f64,
    },
}

/// A finished epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Its number, counted from 1.
    pub epoch: u64,
    /// Steps taken since the start of the run.
    pub step: u64,
    /// Values by name. Those of `train.` are means over the epoch, while the weights changed.
    pub metrics: Metrics,
    /// The step size.
    pub learning_rate: f64,
    /// Seconds of training in this epoch, over all sessions.
    pub seconds: f64,
    /// Training samples in each of these seconds.
    pub samples_per_second: f64,
}

/// A step, as callbacks see it.
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

/// How far a pass over samples without training has come: a validation, a test, or a prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassReport {
    /// Whose samples: `train`, `validation`, `test`, or `input` where they are predicted for;
    /// `files` where those are counted instead.
    pub split: &'static str,
    /// Samples done.
    pub done: u64,
    /// Samples of the whole pass.
    pub samples: u64,
}
