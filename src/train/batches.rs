//! The batches of an epoch, as training takes them.

use super::{Augmenter, Epoch};
use crate::data::{Batch, Loader, Prepared};

/// Batches of the training samples, with changed samples if there is an augmenter.
pub struct Batches<'a, 'c> {
    data: &'a Prepared,
    batch_size: usize,
    loader: Loader<'a>,
    augmenter: Option<&'a mut Augmenter<'c>>,
    epoch: Epoch<'a>,
    /// The place of the next batch in the order of the epoch.
    place: usize,
}

impl<'a, 'c> Batches<'a, 'c> {
    /// Batches of `batch_size` samples of `data` in the order of `epoch`, from place `used` on.
    ///
    /// # Panics
    /// If there is no such place.
    #[must_use]
    pub fn new(
        data: &'a Prepared,
        augmenter: Option<&'a mut Augmenter<'c>>,
        epoch: Epoch<'a>,
        used: usize,
        batch_size: usize,
    ) -> Self {
        let loader = Loader::new(&data.train, &epoch.order[used..], batch_size, &data.scaling);
        Self { data, batch_size, loader, augmenter, epoch, place: used }
    }

    /// Begins again with the first batch of the epoch.
    pub fn restart(&mut self) {
        let Self { data, batch_size, epoch, .. } = self;
        self.loader = Loader::new(&data.train, epoch.order, *batch_size, &data.scaling);
        self.place = 0;
    }

    /// The next batch, valid until the following call.
    #[allow(clippy::should_implement_trait, reason = "a batch borrows from the loader")]
    pub fn next(&mut self) -> Option<Batch<'_>> {
        let batch = self.loader.next()?;
        let place = self.place;
        self.place += batch.samples.len();
        Some(match &mut self.augmenter {
            Some(augmenter) => augmenter.run(batch, self.epoch, place),
            None => batch,
        })
    }
}
