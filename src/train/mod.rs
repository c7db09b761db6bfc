//! The training loop, and `[train]`.
//!
//! ```
//! let config: taper::internals::train::Config = toml::from_str("max_steps = 100")?;
//! assert_eq!((config.epochs, config.batch_size, config.max_steps), (10, 32, Some(100)));
//! # Ok::<(), toml::de::Error>(())
//! ```

mod augmenter;
mod average;
mod averaging;
mod batches;
pub mod clip;
pub mod ema;
pub mod init_from;
mod limits;
mod order;
pub mod parameters;
mod penalty;
mod save;
mod statistics;
mod stop;
pub mod swa;
mod trainer;
mod update;

pub use augmenter::Augmenter;
pub use average::{Average, Kind};
pub use batches::Batches;
pub use order::{Order, Sampling};
pub use stop::Stop;
pub use trainer::Trainer;
pub use update::{Update, Updated};

use serde::{Deserialize, Serialize};

use crate::config::Problems;
use crate::data::Target;
use crate::engine;

/// `[train]`: the length of training and the batch size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The number of passes over the training samples.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub epochs: u64,
    /// The number of samples per step; the last step of an epoch takes the remaining ones.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub batch_size: usize,
    /// Stop after N steps, counted over all sessions of a run, even within an epoch.
    #[schemars(range(min = 1))]
    pub max_steps: Option<u64>,
    /// Stop after N minutes of this session, even within an epoch.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub max_minutes: Option<f64>,
    /// Whether each epoch takes the samples in a new random order.
    pub shuffle: bool,
    /// How often an epoch, which remains as long, takes the samples of each class: `"balanced"` takes each class equally often,
    /// and a list has the share of each class, by index, relative to the others. Samples of a class are taken equally often;
    /// where they are repeated, `[augment]` changes each repetition in another way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Sampling>,
    /// Steps between two `step` lines in `events.jsonl`.
    #[schemars(range(min = 1))]
    pub log_every_steps: u64,
    /// The engine that runs the steps.
    pub engine: engine::Choice,
    /// Initial weights in place of random ones: a run folder, a checkpoint folder, or a safetensors file, also of PyTorch; a relative path
    /// is resolved against the config file's folder. With options: `{ path = "…", skip_mismatched = ["layers.4.*"], map = { "fc.weight" =
    /// "layers.4.weight" } }`. Parameters that match `skip_mismatched` start with random values if the file has none of the right shape,
    /// and `map` has the parameters for tensors of other names. A resumed run does not load them again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_from: Option<init_from::InitFrom>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            epochs: 10,
            batch_size: 32,
            max_steps: None,
            max_minutes: None,
            shuffle: true,
            sampling: None,
            log_every_steps: 100,
            engine: engine::Choice::Auto,
            init_from: None,
        }
    }
}

impl Config {
    /// Reports unreasonable limits, and samples that do not fit `target`, what is to be predicted, if it is known.
    pub fn validate(&self, target: Option<Target>, problems: &mut Problems<'_>) {
        if let Some(sampling) = &self.sampling {
            sampling.validate(target, &mut problems.key("sampling"));
        }
        if self.max_minutes.is_some_and(|minutes| minutes > 1e9) {
            problems.key("max_minutes").report("must be at most 1e9");
        }
    }
}
