//! How gradients change parameters: one file per optimizer, written as `[optimizer.NAME]`.
//!
//! An optimizer is a formula that is written twice: as tensor operations, which run on every
//! device and in every precision, and as a [`Rule`](taper_kernels::rule::Rule) for sixteen values at once,
//! which the CPU's kernels apply as soon as they have computed a gradient. Tests compare the two.
//!
//! ```
//! use taper::optimizer::{Config, sgd};
//!
//! # fn main() -> taper::Result<()> {
//! let mut experiment = taper::Experiment::built_in("synthetic_mlp")?;
//! experiment.optimizer = Config::sgd(sgd::Config { momentum: 0.9, ..sgd::Config::default() });
//! assert_eq!(experiment.optimizer.member().slots(), 1);
//! # Ok(())
//! # }
//! ```

pub mod adam;
pub mod adamw;
pub mod rmsprop;
pub mod sgd;

pub(crate) mod live;
mod subnormal;

pub(crate) use live::Optimizer;
use live::{Formula, Live};

use candle_core::{Result, Var};

use crate::config::{Problems, registry};

registry! {
    /// `[optimizer.NAME]`: how gradients change parameters.
    Config: OptimizerConfig {
        sgd, adam, adamw, rmsprop
    }
}

/// An optimizer that a config can name.
pub trait OptimizerConfig {
    /// Reports what no schema can say about the options.
    fn validate(&self, _problems: &mut Problems<'_>) {}

    /// The step size from the config.
    fn learning_rate(&self) -> f64;

    /// How many values of state each parameter has.
    fn slots(&self) -> usize;

    /// The live optimizer for `parameters`, with fresh state: a matter of engines.
    ///
    /// # Errors
    /// If the state cannot be allocated.
    #[doc(hidden)]
    fn build(&self, parameters: &[Var]) -> Result<Box<dyn Optimizer>>;
}

#[cfg(test)]
mod tests;
