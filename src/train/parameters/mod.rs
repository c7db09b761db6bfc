//! `[[parameters]]`: options of some of the parameters.
//!
//! ```
//! let all: Vec<taper::internals::train::parameters::Config> =
//!     serde_json::from_str(r#"[{ "kind": "bias", "weight_decay_scale": 0 }, { "match": "layers.0.*", "frozen": true }]"#)?;
//! assert_eq!(all[1].frozen, Some(true));
//! # Ok::<(), serde_json::Error>(())
//! ```

mod groups;
mod options;
mod pattern;

pub use groups::{Group, groups};
pub use options::{Options, freeze, resolve};
pub use pattern::{Patterns, instead, matches};

use serde::{Deserialize, Serialize};

use crate::config::Problems;
use crate::optimizer;

/// `[[parameters]]`: options of the parameters that `match` and `kind` select, of those with both if both are set. If several entries
/// select a parameter, each option is that of the last entry that sets it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The names of parameters, such as `layers.0.weight`, or patterns of them, such as `layers.0.*`: `*` stands for any characters
    /// and `?` for one. `taper check` lists the names.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    pub matches: Option<Patterns>,
    /// The role of parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The factor of the learning rate; by default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub learning_rate_scale: Option<f64>,
    /// The factor of the optimizer's `weight_decay`; by default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub weight_decay_scale: Option<f64>,
    /// The factor of the L1 penalty, the sum of the absolute values.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub l1: Option<f64>,
    /// The factor of the L2 penalty, the sum of the squares, as in Keras; `weight_decay` of PyTorch's SGD and Adam is twice as much.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub l2: Option<f64>,
    /// The greatest Euclidean norm of the weights of each output (a unit or a filter), or of all values of a bias; larger ones are
    /// scaled to it after each step.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub max_norm: Option<f64>,
    /// Whether the parameters keep their values. A batch normalization with a frozen scale and shift keeps its running statistics as
    /// well, and uses them in training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frozen: Option<bool>,
    /// The first epoch in which the parameters are trained, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub from_epoch: Option<u64>,
    /// The last epoch in which the parameters are trained.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub until_epoch: Option<u64>,
}

/// The role of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Biases of dense layers and convolutions.
    Bias,
    /// Scales and shifts of normalizations.
    Norm,
}

impl Config {
    /// Reports an entry that selects or sets nothing, and options that exclude each other.
    pub fn validate(&self, optimizer: &optimizer::Config, problems: &mut Problems<'_>) {
        if self.matches.is_none() && self.kind.is_none() {
            problems.report_with_help(
                "selects no parameters",
                "set `match`, such as `match = \"layers.0.*\"`, or `kind`",
            );
        }
        let epochs = self.from_epoch.or(self.until_epoch);
        let factors = [self.learning_rate_scale, self.weight_decay_scale, self.l1, self.l2, self.max_norm];
        if factors.iter().all(Option::is_none) && self.frozen.is_none() && epochs.is_none() {
            problems.report_with_help("sets no option", "for example, set `frozen = true`");
        }
        if self.frozen == Some(true) && epochs.is_some() {
            problems.key("frozen").report_with_help(
                "frozen parameters are not trained in any epoch",
                "remove `frozen`, or `from_epoch` and `until_epoch`",
            );
        }
        if let (Some(from), Some(until)) = (self.from_epoch, self.until_epoch)
            && from > until
        {
            problems.key("until_epoch").report(format!("must be at least {from}, the value of `from_epoch`"));
        }
        if self.weight_decay_scale.is_some() && optimizer.member().weight_decay() == 0.0 {
            let name = optimizer.name();
            problems.key("weight_decay_scale").report_with_help(
                format!("the optimizer `{name}` has no weight decay to scale"),
                if name == "rmsprop" {
                    "remove it, or use `l2`".to_owned()
                } else {
                    format!("set `weight_decay` in `[optimizer.{name}]`, or remove it")
                },
            );
        }
    }
}
