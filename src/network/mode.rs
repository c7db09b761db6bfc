//! What a forward pass is for.

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
