//! What callbacks may ask a run for.

use crate::events::BestEpoch;

/// What callbacks have asked for, and what they tell each other.
#[derive(Clone, Debug, Default)]
pub struct Control {
    stop: Option<String>,
    save: bool,
    /// The best checkpoint so far, which is kept.
    pub best: Option<BestEpoch>,
}

impl Control {
    /// Stops the run after this step or epoch; `reason` is told in `events.jsonl` and `summary.json`.
    /// The first reason counts.
    pub fn stop(&mut self, reason: impl Into<String>) {
        self.stop.get_or_insert_with(|| reason.into());
    }

    /// Asks for a checkpoint after this step or epoch.
    pub fn save(&mut self) {
        self.save = true;
    }

    /// Why the run is to stop, if it is.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.stop.as_deref()
    }

    /// Whether a checkpoint was asked for since the last call.
    pub(crate) fn take_save(&mut self) -> bool {
        std::mem::take(&mut self.save)
    }
}
