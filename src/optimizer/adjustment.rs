//! How the updates of single parameters differ from the optimizer's options.

/// How the updates of one parameter differ from those of the others; by default, not at all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adjustment {
    /// The factor of the learning rate.
    pub learning_rate: f64,
    /// The factor of the optimizer's weight decay.
    pub weight_decay: f64,
    /// The number of steps before its first update, which the correction of moments must not count.
    pub skipped: u64,
    /// Whether it is updated at present. If not, its state does not change either.
    pub updated: bool,
}

impl Default for Adjustment {
    fn default() -> Self {
        Self { learning_rate: 1.0, weight_decay: 1.0, skipped: 0, updated: true }
    }
}
