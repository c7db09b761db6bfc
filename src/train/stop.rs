//! Reasons for the end of training.

/// Why training ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// All epochs are done.
    Epochs,
    /// `train.max_steps` was reached.
    MaxSteps,
    /// `train.max_minutes` was reached.
    MaxMinutes,
    /// A callback stopped the run, for this reason.
    Early(String),
    /// A signal arrived.
    Signal(i32),
}

impl Stop {
    /// The reason as written to `events.jsonl` and `summary.json`.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Epochs => "epochs",
            Self::MaxSteps => "max_steps",
            Self::MaxMinutes => "max_minutes",
            Self::Early(reason) => reason,
            Self::Signal(_) => "signal",
        }
    }
}
