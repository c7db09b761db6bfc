//! What a run leaves behind so that it can be resumed: `[checkpoint]`, the format, writing and reading.
//!
//! `step-00001500/` holds `model.safetensors` (weights, and the [`Card`] as metadata),
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
pub mod weights;

pub use card::Card;
#[cfg(feature = "internals")]
pub use migrate::state as parse_state;
pub use nearby::explain_missing;
pub use read::Checkpoint;
pub use state::{BEST, State};
pub use store::{Snapshot, Store};

use serde::{Deserialize, Serialize};

use crate::config::Problems;
use crate::metrics;

/// The weights' file name.
pub const MODEL: &str = "model.safetensors";
/// The optimizer state's file name.
pub const OPTIMIZER: &str = "optimizer.safetensors";
/// The run state's file name.
pub const STATE: &str = "state.json";

/// `[checkpoint]`: when the run is saved and what is kept.
///
/// A checkpoint is also written at the end, and when the run is stopped by a signal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Epochs between checkpoints; 0 turns them off.
    pub every_epochs: u64,
    /// Steps between further checkpoints.
    #[schemars(range(min = 1))]
    pub every_steps: Option<u64>,
    /// Minutes after which a checkpoint is written within an epoch, which makes way for the next; 0 turns it
    /// off. By default 10, or off where `every_epochs` is 0. Results do not depend on it.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub every_minutes: Option<f64>,
    /// How many of the latest checkpoints are kept; the best one is kept in addition.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub keep_last: usize,
    /// The metric that decides which checkpoint is best, such as `validation.loss` or
    /// `validation.accuracy`. By default `validation.loss` where there is a validation split. `precision`, `recall`
    /// and `f1` are macro averages: means over the classes, also of two. Of two classes `validation.roc_auc` and
    /// `validation.pr_auc` (average precision of the second class) are measured as well.
    pub monitor: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self { every_epochs: 1, every_steps: None, every_minutes: None, keep_last: 2, monitor: None }
    }
}

/// The minutes between checkpoints within an epoch where a config says nothing.
const MINUTES: f64 = 10.0;

impl Config {
    /// The minutes after which a checkpoint is written within an epoch, if at all.
    #[must_use]
    pub fn minutes(&self) -> Option<f64> {
        let default = if self.every_epochs > 0 { MINUTES } else { 0.0 };
        Some(self.every_minutes.unwrap_or(default)).filter(|minutes| *minutes > 0.0)
    }

    /// Reports a metric that no epoch measures. `measured` are the names of those that are.
    pub fn validate(&self, measured: &[String], problems: &mut Problems<'_>) {
        if let Some(monitor) = &self.monitor {
            metrics::check_name(monitor, measured, &mut problems.key("monitor"));
        }
    }
}
