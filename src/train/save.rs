//! Saving of checkpoints in the training loop.

use super::Trainer;
use crate::callbacks::Save;
use crate::checkpoint::{Checkpoint, Snapshot, State};
use crate::error::Result;
use crate::events::{Event, Metrics};

impl Trainer<'_, '_> {
    /// Writes a checkpoint if a callback requested one.
    pub(super) fn save_if_asked(&mut self, state: &mut State) -> Result<()> {
        match self.callbacks.control.take_save() {
            None => return Ok(()),
            Some(Save::Provisional) => return self.save(state),
            Some(Save::Regular) => {}
        }
        let last = Metrics(std::mem::take(&mut state.last));
        self.callbacks.each(|callback, control| callback.before_save(&state.position, &last, control))?;
        state.last = last.0;
        let step = state.position.step;
        let best = self.callbacks.control.best.as_ref().is_some_and(|best| best.step == step);
        self.callbacks.tell(&Event::Checkpoint { step, best })?;
        self.save(state)
    }

    /// Writes a checkpoint where the run stopped, unless a good one exists there, from this session or the
    /// one that was resumed.
    pub(super) fn save_the_end(&mut self, state: &mut State) -> Result<()> {
        let saved =
            Checkpoint::read(&self.store.path(state.position.step)).ok().and_then(|saved| saved.state);
        let is_saved = saved.is_some_and(|State { position: saved, .. }| {
            (saved.epoch, saved.samples_in_epoch) == (state.position.epoch, state.position.samples_in_epoch)
        });
        if is_saved { Ok(()) } else { self.save(state) }
    }

    fn save(&mut self, state: &mut State) -> Result<()> {
        state.files = self.callbacks.files()?;
        state.callbacks = self.callbacks.states();
        self.swap_weights()?;
        let (parameters, optimizer) = (self.engine.parameters(), self.engine.optimizer());
        let raw = self.average.as_ref().map_or(&[][..], |average| average.others());
        self.store.save(&Snapshot { state, card: self.card, parameters, optimizer, raw })?;
        self.swap_weights()?;
        self.callbacks.each(|callback, control| callback.after_save(self.store, control))
    }
}
