//! What callbacks may ask a run for.

use crate::events::BestEpoch;

/// Which kind of checkpoint was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Save {
    /// One that the clock asked for: nothing of it is told or counted, so that a run's results do not depend on it.
    Provisional,
    /// One of a step or an epoch.
    Regular,
}

/// What callbacks have asked for, and what they tell each other.
#[derive(Clone, Debug, Default)]
pub struct Control {
    stop: Option<String>,
    save: Option<Save>,
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
        self.save = Some(Save::Regular);
    }

    /// Asks for one that makes way for the next.
    pub(super) fn save_provisionally(&mut self) {
        self.save = self.save.max(Some(Save::Provisional));
    }

    /// Why the run is to stop, if it is.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.stop.as_deref()
    }

    /// The checkpoint that was asked for since the last call, if one was.
    pub(crate) fn take_save(&mut self) -> Option<Save> {
        self.save.take()
    }
}
