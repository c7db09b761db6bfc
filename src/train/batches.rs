//! The batches of an epoch, as training takes them.

use super::{Augmenter, Order};
use crate::data::{Batch, Loader, Prepared};
use crate::error::Result;

/// Batches of the training samples, with changed samples if there is an augmenter.
pub struct Batches<'a, 'c> {
    data: &'a Prepared,
    batch_size: usize,
    loader: Loader<'a>,
    augmenter: Option<&'a mut Augmenter<'c>>,
    /// The number of the epoch, and its samples.
    epoch: (u64, &'a Order),
    /// The place of the next batch in the order of the epoch.
    place: usize,
}

impl<'a, 'c> Batches<'a, 'c> {
    /// Batches of `batch_size` samples of `data` in the order of `epoch`, given by its number and its samples, from place `used` on.
    ///
    /// # Panics
    /// If there is no such place.
    #[must_use]
    pub fn new(
        data: &'a Prepared,
        augmenter: Option<&'a mut Augmenter<'c>>,
        epoch: (u64, &'a Order),
        used: usize,
        batch_size: usize,
    ) -> Self {
        let loader = Loader::new(&data.train, &epoch.1.indices[used..], batch_size, &data.scaling);
        Self { data, batch_size, loader, augmenter, epoch, place: used }
    }

    /// Begins again with the first batch of the epoch.
    pub fn restart(&mut self) {
        let Self { data, batch_size, epoch, .. } = self;
        self.loader = Loader::new(&data.train, &epoch.1.indices, *batch_size, &data.scaling);
        self.place = 0;
    }

    /// The next batch, valid until the following call.
    ///
    /// # Errors
    /// If a sample on disk cannot be read.
    #[allow(clippy::should_implement_trait, reason = "a batch borrows from the loader")]
    pub fn next(&mut self) -> Result<Option<Batch<'_>>> {
        let Some(batch) = self.loader.next()? else { return Ok(None) };
        let place = self.place;
        self.place += batch.samples.len();
        match &mut self.augmenter {
            Some(augmenter) => augmenter.run(batch, self.epoch, place).map(Some),
            None => Ok(Some(batch)),
        }
    }
}
