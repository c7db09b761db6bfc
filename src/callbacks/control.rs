//! Requests from callbacks to the training loop.

use crate::events::BestEpoch;

/// The kind of a requested checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Save {
    /// Due by the clock: neither logged nor counted, so that results do not depend on speed.
    Provisional,
    /// Due after a step or an epoch.
    Regular,
}

/// The requests of callbacks, and the state that they share.
#[derive(Clone, Debug)]
pub struct Control {
    stop: Option<String>,
    save: Option<Save>,
    /// The best checkpoint so far, which is kept.
    pub best: Option<BestEpoch>,
    /// The learning rates of all following steps are multiplied by this. It is not part of checkpoints: a callback that sets it
    /// sets it again when a resumed run starts. `[reduce_on_plateau]` does so too.
    pub learning_rate_factor: f64,
}

impl Default for Control {
    fn default() -> Self {
        Self { stop: None, save: None, best: None, learning_rate_factor: 1.0 }
    }
}

impl Control {
    /// Stops the run after this step or epoch, with `reason` in `events.jsonl` and `summary.json`. The first
    /// reason is kept.
    pub fn stop(&mut self, reason: impl Into<String>) {
        self.stop.get_or_insert_with(|| reason.into());
    }

    /// Requests a checkpoint after this step or epoch.
    pub fn save(&mut self) {
        self.save = Some(Save::Regular);
    }

    /// Requests a provisional checkpoint, which is deleted when the next one is written.
    pub(super) fn save_provisionally(&mut self) {
        self.save = self.save.max(Some(Save::Provisional));
    }

    /// Why the run is to stop, if a callback stopped it.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.stop.as_deref()
    }

    /// Takes the checkpoint request made since the last call, if any.
    pub(crate) fn take_save(&mut self) -> Option<Save> {
        self.save.take()
    }
}
