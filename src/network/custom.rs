//! An operation that user code defines.

use std::sync::Arc;

use candle_core::{Result, Tensor, Var, bail};
use serde_json::Value;

use super::{Mode, ParameterSpec};
use crate::shape::Shape;

/// A layer that user code computes, on candle's tensors; the graph engine runs it. Only [`name`](Self::name),
/// [`output`](Self::output) and [`forward`](Self::forward) are needed.
pub trait CustomLayer: Send + Sync {
    /// What it is called in reports, errors and checkpoints.
    fn name(&self) -> &'static str;

    /// What tells it from other layers of its name. It stands in `config.toml` and in checkpoints; a run
    /// resumes with the same options only.
    fn options(&self) -> Value {
        Value::Null
    }

    /// The shape of its output for one sample of shape `input`.
    ///
    /// # Errors
    /// A sentence that says why it cannot follow such an input.
    fn output(&self, input: &Shape) -> std::result::Result<Shape, String>;

    /// The parameters that it needs for samples of shape `input`, each with a name of its own.
    fn parameters(&self, _input: &Shape) -> Vec<ParameterSpec> {
        Vec::new()
    }

    /// Floating-point operations for one sample of shape `input`; a multiply-add counts as two.
    fn flops(&self, _input: &Shape) -> u64 {
        0
    }

    /// The result for a batch, `[batch, input shape]` to `[batch, output shape]`, which candle
    /// differentiates. `parameters` are those that it asked for, in order.
    ///
    /// Some gradients of candle are wrong, such as those of its pooling and of `relu` at 0:
    /// [`ops`](crate::ops) has right ones. Random numbers that a resumed run draws again come from a
    /// [`Stream`](crate::random::Stream) of the seed and the step in `mode`.
    ///
    /// # Errors
    /// What the tensor library refuses.
    fn forward(&self, x: &Tensor, parameters: &[Var], mode: Mode) -> Result<Tensor>;
}

/// A [`CustomLayer`] in a network.
#[derive(Clone)]
pub struct Custom {
    /// What computes it.
    pub layer: Arc<dyn CustomLayer>,
    /// The shape of the result for one sample.
    pub output: Shape,
    /// Floating-point operations for one sample.
    pub flops: u64,
}

impl Custom {
    /// The result for a batch, of the shape that the layer promised.
    pub(super) fn forward(&self, x: &Tensor, parameters: &[Var], mode: Mode) -> Result<Tensor> {
        let y = self.layer.forward(x, parameters, mode)?;
        let promised = self.output.batch(x.dim(0)?);
        if y.dims() != promised {
            let name = self.layer.name();
            bail!("layer `{name}` gave {:?} for {:?}, and promised {promised:?}", y.dims(), x.dims());
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
