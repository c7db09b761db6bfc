//! What training makes small: one file per loss, written as `[loss.NAME]`.

pub mod cross_entropy;

use candle_core::Tensor;

use crate::config::{Problems, registry};
use crate::data::Target;
use crate::layers::Activation;

registry! {
    /// `[loss.NAME]`: what training makes small.
    Config: Loss {
        cross_entropy
    }
}

/// A loss that a config can name.
pub trait Loss {
    /// Reports what does not fit the data set's target (where it is known); `outputs` are the
    /// values that the last layer gives for each sample.
    fn validate(&self, target: Target, outputs: usize, problems: &mut Problems<'_>);

    /// The function that turns the network's last values (logits) into predictions. It is part of
    /// the loss for the sake of exactness; a last layer with this activation is not applied twice.
    fn link(&self) -> Option<Activation>;

    /// The sum of the samples' losses, a scalar. Training divides it by the number of samples.
    ///
    /// `logits` is `[batch, outputs]`; `targets` is `[batch]` of `u32` labels for classes, or
    /// `[batch, width]` of the logits' type for values.
    ///
    /// # Errors
    /// If the tensor library refuses.
    fn sum(&self, logits: &Tensor, targets: &Tensor) -> candle_core::Result<Tensor>;
}
