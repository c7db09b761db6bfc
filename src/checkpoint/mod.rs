//! Checkpoints, from which runs resume: `[checkpoint]`, the format, writing and reading.
//!
//! `step-00001500/` holds `model.safetensors` (weights, with the [`Card`] as metadata),
//! `optimizer.safetensors`, `state.json` ([`State`]) and `manifest.json` ([`manifest`]).
//!
//! ```no_run
//! use taper::run::Checkpoint;
//!
//! let checkpoint = Checkpoint::open("runs/mnist-cnn-0001".as_ref(), |damaged| eprintln!("{damaged}"))?;
//! println!("{} takes {}", checkpoint.place.display(), checkpoint.card.sample_shape);
//! # Ok::<(), taper::Error>(())
//! ```

mod card;
mod folder;
mod header;
mod keep;
pub mod manifest;
mod migrate;
mod nearby;
mod open;
mod read;
mod state;
mod store;
mod tensors;
pub mod weights;

pub use card::Card;
#[cfg(feature = "internals")]
pub use migrate::state as parse_state;
pub use nearby::explain_missing;
pub use read::Checkpoint;
pub use state::{BEST, State};
pub use store::{Snapshot, Store};
pub use tensors::{Stored, Tensors};

use serde::{Deserialize, Serialize};

use crate::config::Problems;
use crate::metrics;

/// The weights' file name.
pub const MODEL: &str = "model.safetensors";
/// The optimizer state's file name.
pub const OPTIMIZER: &str = "optimizer.safetensors";
/// The run state's file name.
pub const STATE: &str = "state.json";

/// `[checkpoint]`: when checkpoints are written and which are kept.
///
/// A checkpoint is also written at the end, and when the run is stopped by a signal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Epochs between checkpoints; 0 turns them off.
    pub every_epochs: u64,
    /// Steps between additional checkpoints.
    #[schemars(range(min = 1))]
    pub every_steps: Option<u64>,
    /// Minutes between provisional checkpoints within an epoch, each deleted when the next one is written; 0
    /// turns them off. By default 10, or off if `every_epochs` is 0. Results do not depend on it.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub every_minutes: Option<f64>,
    /// The number of latest checkpoints to keep, in addition to the best one.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub keep_last: usize,
    /// The metric that determines the best checkpoint, such as `validation.loss` or `validation.accuracy`. By
    /// default `validation.loss` if there are validation samples. `precision`, `recall` and `f1` are macro
    /// averages: means over the classes, even if there are only two. With two classes, `validation.roc_auc`
    /// and `validation.pr_auc` (average precision of the second class) are also available; for all
    /// classification `validation.log_loss`, `validation.matthews`, `validation.calibration_error` and, with
    /// more than 5 classes, `validation.top_k_accuracy` (k = 5).
    pub monitor: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self { every_epochs: 1, every_steps: None, every_minutes: None, keep_last: 2, monitor: None }
    }
}

/// The default number of minutes between checkpoints within an epoch.
const MINUTES: f64 = 10.0;

impl Config {
    /// The minutes between checkpoints within an epoch, if they are enabled.
    #[must_use]
    pub fn minutes(&self) -> Option<f64> {
        let default = if self.every_epochs > 0 { MINUTES } else { 0.0 };
        Some(self.every_minutes.unwrap_or(default)).filter(|minutes| *minutes > 0.0)
    }

    /// Reports a metric that is not among the `measured` ones.
    pub fn validate(&self, measured: &[String], problems: &mut Problems<'_>) {
        if let Some(monitor) = &self.monitor {
            metrics::check_name(monitor, measured, &mut problems.key("monitor"));
        }
    }
}
