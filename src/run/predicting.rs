//! Predicting with a [`Model`].

use std::path::Path;

use super::model::{Model, reporter};
use crate::data::Loading;
use crate::data::input::{Inputs, Reader};
use crate::error::Result;
use crate::inference::{Prediction, predict};

impl Model {
    /// Attaches `loading`, which observes the reading of inputs and can stop reading and predicting.
    pub fn load_under(&mut self, loading: Loading) {
        self.loading = loading;
    }

    /// A reader for samples of the shape and unit of the training samples.
    #[must_use]
    pub fn reader(&self) -> Reader<'_> {
        let card = &self.checkpoint.card;
        Reader::new(&card.sample_shape, card.pixels, &self.experiment.data).watched_by(&self.loading)
    }

    /// Reads samples from a file: PNG, JPEG, `.npy`, `.npz`, CSV, IDX or JSON.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if it cannot be read, or its samples have another shape.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Inputs> {
        self.reader().read(path.as_ref())
    }

    /// Predicts for each of `inputs`, in order.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if a sample produces non-finite values;
    /// [`Error::Interrupted`](crate::Error::Interrupted) after a signal.
    pub fn predict(&mut self, inputs: &Inputs) -> Result<Vec<Prediction>> {
        let mut predictions = Vec::with_capacity(inputs.count);
        for batch in self.predict_batches(inputs) {
            predictions.extend(batch?);
        }
        Ok(predictions)
    }

    /// Predicts for `inputs` in order, in batches that are computed lazily.
    ///
    /// # Errors
    /// For each batch, as [`predict`](Self::predict).
    pub fn predict_batches<'a>(
        &'a mut self,
        inputs: &'a Inputs,
    ) -> impl Iterator<Item = Result<Vec<Prediction>>> + 'a {
        let scaling = self.checkpoint.card.scaling(&inputs.features);
        let watch = reporter(&mut self.watch, "input", inputs.count, self.loading.interrupt());
        predict(self.predictor.as_mut(), self.experiment.loss.member(), inputs, scaling, watch)
    }
}
