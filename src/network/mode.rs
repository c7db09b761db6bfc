//! The mode of a forward pass.

/// The mode of a forward pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Evaluation and prediction: no dropout, running statistics.
    Inference,
    /// A training step; dropout masks depend only on these numbers and the layer.
    Training {
        /// The run's seed.
        seed: u64,
        /// The step, counted from 0.
        step: u64,
        /// The index of the first sample in the step's whole batch: 0 unless this pass covers only a part.
        first: usize,
    },
}
