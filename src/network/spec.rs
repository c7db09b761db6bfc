//! A layer's description of a parameter.

use crate::init::Initializer;

/// A parameter of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterSpec {
    /// `weight`, `bias`, … as in PyTorch; in a [`Plan`](super::Plan) preceded by the path of its layer, as
    /// in `layers.3.weight`.
    pub name: String,
    /// Its shape, in PyTorch's layout.
    pub shape: Vec<usize>,
    /// How it is initialized.
    pub initializer: Initializer,
    /// The number of inputs per output, for the initializer.
    pub fan_in: usize,
    /// The number of outputs per input, for the initializer.
    pub fan_out: usize,
    /// Whether the optimizer updates it unless it is frozen; running statistics are saved but not trained.
    pub trainable: bool,
    /// Whether training does not change it, also if it is a running statistic; set by [`Plan::freeze`](super::Plan::freeze).
    pub frozen: bool,
    /// The counters of its random numbers: the layer, and its index among the layer's parameters.
    /// [`Net::add`](super::Net::add) sets them.
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
        Self { name, shape, initializer, fan_in, fan_out, trainable: true, frozen: false, stream: [0; 2] }
    }

    /// Whether the optimizer updates it.
    #[must_use]
    pub fn is_trained(&self) -> bool {
        self.trainable && !self.frozen
    }

    /// The number of its values, or `None` if that exceeds `u64`.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        self.shape.iter().try_fold(1_u64, |count, &size| count.checked_mul(size as u64))
    }
}
