//! An operation defined by user code.

use std::sync::Arc;

use candle_core::{Result, Tensor, Var, bail};
use serde_json::Value;

use super::{Mode, ParameterSpec};
use crate::shape::Shape;

/// A layer computed by user code, on candle tensors; it runs on the graph engine. Only
/// [`name`](Self::name), [`output`](Self::output) and [`forward`](Self::forward) are required.
pub trait CustomLayer: Send + Sync {
    /// Its name in reports, errors and checkpoints.
    fn name(&self) -> &'static str;

    /// Distinguishes it from other layers of the same name. `config.toml` and checkpoints hold the options,
    /// and a run resumes only with the same options.
    fn options(&self) -> Value {
        Value::Null
    }

    /// The shape of its output for a sample of shape `input`.
    ///
    /// # Errors
    /// A message that says why the layer does not support this input.
    fn output(&self, input: &Shape) -> std::result::Result<Shape, String>;

    /// The parameters that it needs for samples of shape `input`, with distinct names.
    fn parameters(&self, _input: &Shape) -> Vec<ParameterSpec> {
        Vec::new()
    }

    /// Floating-point operations for one sample of shape `input`; a multiply-add counts as two.
    fn flops(&self, _input: &Shape) -> u64 {
        0
    }

    /// Computes the output for a batch, from `[batch, input shape]` to `[batch, output shape]`; candle
    /// differentiates it. `parameters` are the requested ones, in order.
    ///
    /// Some of candle's gradients are wrong, such as those of its pooling and of `relu` at 0: use the ones
    /// in [`ops`](crate::ops). For random numbers that a resumed run reproduces, use a
    /// [`Stream`](crate::random::Stream) of the seed and the step in `mode`.
    ///
    /// # Errors
    /// If candle returns an error.
    fn forward(&self, x: &Tensor, parameters: &[Var], mode: Mode) -> Result<Tensor>;
}

/// A [`CustomLayer`] in a network.
#[derive(Clone)]
pub struct Custom {
    /// The code.
    pub layer: Arc<dyn CustomLayer>,
    /// The shape of the output for one sample.
    pub output: Shape,
    /// Floating-point operations for one sample.
    pub flops: u64,
}

impl Custom {
    /// Computes the output for a batch, and checks its shape.
    pub(super) fn forward(&self, x: &Tensor, parameters: &[Var], mode: Mode) -> Result<Tensor> {
        let y = self.layer.forward(x, parameters, mode)?;
        let promised = self.output.batch(x.dim(0)?);
        if y.dims() != promised {
            let name = self.layer.name();
            bail!("layer `{name}` returned {:?} for {:?}, but declared {promised:?}", y.dims(), x.dims());
        }
        y.contiguous()
    }
}

impl std::fmt::Debug for Custom {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "Custom({} {})", self.layer.name(), self.layer.options())
    }
}

impl PartialEq for Custom {
    fn eq(&self, other: &Self) -> bool {
        let what = |own: &Self| (own.layer.name(), own.layer.options());
        what(self) == what(other) && self.output == other.output
    }
}
