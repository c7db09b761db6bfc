//! Predicting with a [`Model`].

use std::path::Path;

use super::model::{Model, told};
use crate::data::Loading;
use crate::data::input::{Inputs, Reader};
use crate::error::Result;
use crate::inference::{Prediction, predict};

impl Model {
    /// Lets `loading` hear of inputs that are read, and stop reading and predicting.
    pub fn load_under(&mut self, loading: Loading) {
        self.loading = loading;
    }

    /// Reads samples to predict for, of the shape and in the units that it was trained on.
    #[must_use]
    pub fn reader(&self) -> Reader<'_> {
        let card = &self.checkpoint.card;
        Reader::new(&card.sample_shape, card.pixels, &self.experiment.data).watched_by(&self.loading)
    }

    /// Reads samples from a file: PNG, JPEG, `.npy`, CSV, IDX or JSON.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if it cannot be read, or its samples are not of the shape that was trained on.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Inputs> {
        self.reader().read(path.as_ref())
    }

    /// Predicts for each of `inputs`, in order.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if a sample leads to values that are not finite;
    /// [`Error::Interrupted`](crate::Error::Interrupted).
    pub fn predict(&mut self, inputs: &Inputs) -> Result<Vec<Prediction>> {
        let mut predictions = Vec::with_capacity(inputs.count);
        for batch in self.predict_batches(inputs) {
            predictions.extend(batch?);
        }
        Ok(predictions)
    }

    /// Predicts for `inputs`, in order and batch after batch, each when it is asked for.
    ///
    /// # Errors
    /// Of a batch: as [`predict`](Self::predict).
    pub fn predict_batches<'a>(
        &'a mut self,
        inputs: &'a Inputs,
    ) -> impl Iterator<Item = Result<Vec<Prediction>>> + 'a {
        let scaling = self.checkpoint.card.scaling(&inputs.features);
        let watch = told(&mut self.watch, "input", inputs.count, self.loading.interrupt());
        predict(self.predictor.as_mut(), self.experiment.loss.member(), inputs, scaling, watch)
    }
}
