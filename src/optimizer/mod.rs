//! How gradients change parameters: one file per optimizer, written as `[optimizer.NAME]`.

pub mod adam;

use candle_core::{Tensor, Var};

use crate::config::registry;

registry! {
    /// `[optimizer.NAME]`: how gradients change parameters.
    Config: Member {
        adam
    }
}

/// An optimizer that a config can name.
pub trait Member {
    /// The step size from the config.
    fn learning_rate(&self) -> f64;

    /// How many values of state each parameter has.
    fn slots(&self) -> usize;

    /// The live optimizer for `parameters`, with fresh state.
    ///
    /// # Errors
    /// If the state cannot be allocated.
    fn build(&self, parameters: &[Var]) -> candle_core::Result<Box<dyn Optimizer>>;
}

/// A live optimizer with one state tensor, or none, of each kind for each parameter.
pub trait Optimizer: Send {
    /// Changes `parameters` by one step. `gradients[i]` belongs to `parameters[i]`; `step` counts
    /// from 1, for bias correction.
    ///
    /// # Errors
    /// If the tensor library refuses.
    fn step(
        &mut self,
        parameters: &[Var],
        gradients: &[Tensor],
        learning_rate: f64,
        step: u64,
    ) -> candle_core::Result<()>;

    /// The state by kind (such as `first_moment`), each with one variable for each parameter.
    fn state(&self) -> Vec<(&'static str, &[Var])>;
}

/// Variables of zeros in the shapes of `parameters`.
pub(crate) fn zeros_like(parameters: &[Var]) -> candle_core::Result<Vec<Var>> {
    parameters.iter().map(|parameter| Var::from_tensor(&parameter.zeros_like()?)).collect()
}
