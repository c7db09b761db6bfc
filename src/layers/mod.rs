//! What a network is made of: one file per layer, written in `model.layers` as `{ NAME = { … } }`.

pub mod activation;
pub mod avg_pool2d;
pub mod batch_norm;
pub mod conv2d;
pub mod dense;
pub mod dropout;
pub mod flatten;
pub mod global_avg_pool2d;
pub mod layer_norm;
pub mod max_pool2d;

mod function;
mod operation;
mod pool;
#[cfg(test)]
mod walk;
mod window;

pub use function::Activation;
pub use operation::Operation;
pub use pool::Pool;
pub use window::{Padding, Size};

use candle_core::{Tensor, Var};

use crate::config::{Problems, registry};
use crate::error::Result;
use crate::init::Initializer;
use crate::shape::Shape;

registry! {
    /// One element of `model.layers`.
    Config: Member {
        dense, conv2d, max_pool2d, avg_pool2d, global_avg_pool2d, flatten, dropout, batch_norm, layer_norm,
        activation
    }
}

/// A layer that a config can name.
pub trait Member {
    /// Reports what no schema can say about the options.
    fn validate(&self, _problems: &mut Problems<'_>) {}

    /// The shape of the output for one sample of shape `input`, with checked arithmetic.
    ///
    /// # Errors
    /// A sentence that says why the layer cannot follow such an input.
    fn output_shape(&self, input: &Shape) -> Result<Shape, String>;

    /// The parameters for an input that [`output_shape`](Self::output_shape) accepts, in the order
    /// in which they are initialised, saved and updated.
    fn parameters(&self, _input: &Shape) -> Vec<ParameterSpec> {
        Vec::new()
    }

    /// Floating-point operations of the forward pass for one sample; a multiply-add counts as two.
    fn flops(&self, input: &Shape) -> u64;

    /// What the layer computes for an accepted input, one operation after the other; parameters are
    /// the first one's. `None` leaves it to the graph engine, which runs every layer.
    fn operations(&self, _input: &Shape) -> Option<Vec<Operation>> {
        None
    }

    /// The live layer. `variables` are those of [`parameters`](Self::parameters), in order.
    fn build(&self, input: &Shape, variables: &[Var], index: usize) -> Box<dyn Layer>;
}

/// A parameter that a layer asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterSpec {
    /// Its name within the layer: `weight`, `bias`, …, as PyTorch calls it.
    pub name: &'static str,
    /// Its shape, in PyTorch's layout.
    pub shape: Vec<usize>,
    /// Its first values.
    pub initializer: Initializer,
    /// How many inputs each output is made of, for the initialiser.
    pub fan_in: usize,
    /// How many outputs each input goes to, for the initialiser.
    pub fan_out: usize,
    /// Whether the optimizer updates it; running statistics are saved but not trained.
    pub trainable: bool,
}

impl ParameterSpec {
    /// A trainable parameter.
    #[must_use]
    pub fn trainable(
        name: &'static str,
        shape: Vec<usize>,
        initializer: Initializer,
        [fan_in, fan_out]: [usize; 2],
    ) -> Self {
        Self { name, shape, initializer, fan_in, fan_out, trainable: true }
    }
}

/// A live layer.
pub trait Layer: Send + Sync {
    /// `[batch, input shape]` to `[batch, output shape]`.
    ///
    /// # Errors
    /// If the tensor library refuses, which a checked model does not lead to.
    fn forward(&self, x: &Tensor, mode: Mode) -> candle_core::Result<Tensor>;
}

/// What a forward pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Evaluation and prediction: no dropout, running statistics.
    Inference,
    /// A training step; dropout masks depend on these numbers and the layer only.
    Training {
        /// The run's seed.
        seed: u64,
        /// The step, counted from 0.
        step: u64,
        /// The place of the first sample in the step's whole batch: 0 unless this pass is about a part.
        first: usize,
    },
}
