//! Reports of a run: the lines of `events.jsonl`, in the order in which they are written, and `summary.json`.
//!
//! Times have the same meaning everywhere: `seconds` is the time of training steps, from the selection of a
//! batch to its metrics, without validation, checkpoints and logs; `samples_per_second` is the number of
//! training samples per second of this time. In an [`Epoch`] both are those of the epoch; at the
//! [end](Event::End) and in the [`Summary`] they are those of the whole run, over all sessions.
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

/// The file name in a run folder.
pub const FILE: &str = "events.jsonl";

/// A line of `events.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The [`VERSION`] at the time of writing.
    pub v: u32,
    /// Unix time in seconds.
    pub time: f64,
    /// The event.
    #[serde(flatten)]
    pub event: Event,
}

/// An event of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Training begins.
    Start {
        /// The run's name.
        name: String,
        /// The version of taper.
        taper: String,
        /// `cpu` or `cuda:N`.
        device: String,
        /// The engine that runs the steps.
        engine: String,
        /// The run's seed.
        seed: u64,
        /// The number of parameters.
        parameters: u64,
        /// The number of training samples.
        train_samples: usize,
        /// The number of validation samples, measured after each epoch.
        validation_samples: usize,
        /// The number of test samples, measured at the end.
        test_samples: usize,
        /// The SHA-256 of the file of `train.init_from`, if the run began with its weights.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        init_sha256: Option<String>,
    },
    /// A step was taken; written every `train.log_every_steps` steps.
    Step {
        /// Steps taken.
        step: u64,
        /// The epoch, counted from 1.
        epoch: u64,
        /// The mean loss of the batch.
        loss: f64,
        /// The learning rate.
        learning_rate: f64,
        /// The norm of the gradient before it was limited by `[clip]`, if it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gradient_norm: Option<f64>,
        /// The sum of the penalties of `[[parameters]]` before the update, which `loss` does not contain, if there are any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        penalty: Option<f64>,
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
        /// `epochs`, `max_steps`, `max_minutes`, or the reason given by a callback.
        reason: String,
        /// Steps taken.
        step: u64,
        /// The metrics of the weights that are kept and tested, by name: those of the best epoch, else the
        /// last. (Before version 2 of [`Summary`]: the last value of each metric.)
        metrics: Metrics,
        /// Training time over all sessions in seconds.
        seconds: f64,
    },
}

/// A finished epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// The epoch, counted from 1.
    pub epoch: u64,
    /// Steps taken since the start of the run.
    pub step: u64,
    /// Metrics by name. Those with prefix `train.` are means over the epoch, while the weights changed.
    pub metrics: Metrics,
    /// The learning rate.
    pub learning_rate: f64,
    /// Training time of this epoch over all sessions in seconds.
    pub seconds: f64,
    /// Training samples per second of this time.
    pub samples_per_second: f64,
}

/// A step, as reported to callbacks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// Steps taken.
    pub step: u64,
    /// The epoch, counted from 1.
    pub epoch: u64,
    /// The number of samples of this epoch used so far.
    pub samples_in_epoch: u64,
    /// The number of samples in an epoch.
    pub samples: u64,
    /// The epoch's mean loss so far.
    pub loss: f64,
    /// The epoch's accuracy so far, if classes are predicted.
    pub accuracy: Option<f64>,
}

/// The progress of a pass over samples without training: validation, test or prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassReport {
    /// The split: `train`, `validation` or `test`; `input` for prediction; `files` if files are counted
    /// instead.
    pub split: &'static str,
    /// The number of samples done.
    pub done: u64,
    /// The number of samples of the whole pass.
    pub samples: u64,
}
