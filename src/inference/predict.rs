//! Predictions for samples without targets.

use super::evaluate::batch_size;
use super::prediction::Prediction;
use crate::data::Scaling;
use crate::data::input::Inputs;
use crate::engine::Predictor;
use crate::error::{Error, Result};
use crate::loss::Loss;

/// Predicts for `inputs` in order, in batches that are computed lazily. `watch` is called with the number of samples
/// done: first with 0, then after each batch.
///
/// # Errors
/// For each batch: [`Error::Data`] if a sample produces non-finite values; otherwise if candle or `watch` returns an
/// error.
pub fn predict<'a>(
    predictor: &'a mut dyn Predictor,
    loss: &'a dyn Loss,
    inputs: &'a Inputs,
    scaling: Scaling,
    mut watch: impl FnMut(u64) -> Result<()> + 'a,
) -> impl Iterator<Item = Result<Vec<Prediction>>> + 'a {
    let size = batch_size(&inputs.sample_shape);
    (0..inputs.count).step_by(size).map(move |first| {
        if first == 0 {
            watch(0)?;
        }
        let indices: Vec<usize> = (first..inputs.count.min(first + size)).collect();
        let logits = predictor.logits(&inputs.samples(&indices, &scaling))?;
        let outputs = (logits.len() / indices.len()).max(1);
        let rows = logits.chunks_exact(outputs);
        let predictions: Vec<Prediction> = rows.map(|row| Prediction::of(loss, row, &scaling)).collect();
        watch((first + predictions.len()) as u64)?;
        check_finite(inputs, first, &predictions)?;
        Ok(predictions)
    })
}

/// Returns an error if a value is not finite; `predictions` starts with sample `first`.
fn check_finite(inputs: &Inputs, first: usize, predictions: &[Prediction]) -> Result<()> {
    let finite = |p: &Prediction| p.logits.iter().chain(&p.values).all(|value| value.is_finite());
    match predictions.iter().position(|prediction| !finite(prediction)) {
        Some(place) => {
            let sample = first + place;
            let message = format!(
                "sample {sample} produces non-finite values; are its inputs far larger than in training?"
            );
            Err(Error::data(&inputs.place, message))
        }
        None => Ok(()),
    }
}
