//! Optimizers: one file per optimizer, selected by `[optimizer.NAME]`.
//!
//! An optimizer is a formula written twice: as tensor operations, which run on every device and in every
//! precision, and as a [`Rule`](taper_kernels::rule::Rule) for sixteen values at once, which the CPU
//! kernels apply as soon as they have computed a gradient. Tests compare the two.
//!
//! ```
//! use taper::optimizer::{Config, sgd};
//!
//! # fn main() -> taper::Result<()> {
//! let mut experiment = taper::Experiment::built_in("synthetic_mlp")?;
//! experiment.optimizer = Config::sgd(sgd::Config { momentum: 0.9, ..sgd::Config::default() });
//! assert_eq!(experiment.optimizer.member().state_count(), 1);
//! # Ok(())
//! # }
//! ```

pub mod adagrad;
pub mod adam;
pub mod adamax;
pub mod adamw;
pub mod lion;
pub mod nadam;
pub mod rmsprop;
pub mod sgd;

pub(crate) mod adjustment;
pub(crate) mod live;
mod subnormal;

pub(crate) use adjustment::Adjustment;
pub(crate) use live::Optimizer;
use live::{Formula, Live};

use candle_core::{Result, Var};

use crate::config::{Problems, registry};

registry! {
    /// `[optimizer.NAME]`: how gradients update the parameters.
    Config: OptimizerConfig {
        sgd, adam, adamw, rmsprop, adagrad, adamax, nadam, lion
    }
}

/// The config of an optimizer.
pub trait OptimizerConfig {
    /// Reports problems with the options that the schema cannot express.
    fn validate(&self, _problems: &mut Problems<'_>) {}

    /// The learning rate of the config.
    fn learning_rate(&self) -> f64;

    /// The factor of its weight decay, or of its L2 penalty; 0 if there is none.
    fn weight_decay(&self) -> f64 {
        0.0
    }

    /// The number of state values per parameter.
    fn state_count(&self) -> usize;

    /// The live optimizer for `parameters`, with new state; used by engines.
    ///
    /// # Errors
    /// If the state cannot be allocated.
    #[doc(hidden)]
    fn build(&self, parameters: &[Var]) -> Result<Box<dyn Optimizer>>;
}

#[cfg(test)]
mod tests;
