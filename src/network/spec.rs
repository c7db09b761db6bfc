//! What a layer says about a parameter.

use crate::init::Initializer;

/// A parameter that a layer asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterSpec {
    /// `weight`, `bias`, …, as PyTorch calls it; within a [`Plan`](super::Plan) after the path of its layer,
    /// `layers.3.weight`.
    pub name: String,
    /// Its shape, in PyTorch's layout.
    pub shape: Vec<usize>,
    /// Its first values.
    pub initializer: Initializer,
    /// How many inputs each output is made of, for the initializer.
    pub fan_in: usize,
    /// How many outputs each input goes to, for the initializer.
    pub fan_out: usize,
    /// Whether the optimizer updates it; running statistics are saved but not trained.
    pub trainable: bool,
    /// The counters of the random numbers for its first values: the layer, and its place among the
    /// layer's parameters. [`Net::add`](super::Net::add) sets them.
    pub stream: [u64; 2],
}

impl ParameterSpec {
    /// A trainable parameter.
    #[must_use]
    pub fn trainable(
        name: &str,
        shape: Vec<usize>,
        initializer: Initializer,
        [fan_in, fan_out]: [usize; 2],
    ) -> Self {
        let name = name.to_owned();
        Self { name, shape, initializer, fan_in, fan_out, trainable: true, stream: [0; 2] }
    }

    /// The number of its values, or `None` where it exceeds `u64`.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        self.shape.iter().try_fold(1_u64, |count, &size| count.checked_mul(size as u64))
    }
}
