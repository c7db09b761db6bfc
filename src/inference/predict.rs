//! Predictions for samples without targets.

use super::evaluate::{Watch, batch_size};
use super::prediction::Prediction;
use crate::data::Scaling;
use crate::data::input::Inputs;
use crate::engine::Predictor;
use crate::error::{Error, Result};
use crate::loss::Loss;

/// Predicts each of `inputs`, in order.
///
/// # Errors
/// [`Error::Data`] if a sample produces non-finite values; otherwise if candle or `watch` returns an error.
pub fn predict(
    predictor: &mut dyn Predictor,
    loss: &dyn Loss,
    inputs: &Inputs,
    scaling: &Scaling,
    watch: &mut Watch<'_>,
) -> Result<Vec<Prediction>> {
    watch(0)?;
    let mut predictions = Vec::with_capacity(inputs.count);
    let order: Vec<usize> = (0..inputs.count).collect();
    for indices in order.chunks(batch_size(&inputs.sample_shape)) {
        let logits = predictor.logits(&inputs.samples(indices, scaling))?;
        let outputs = logits.len() / indices.len();
        for row in logits.chunks_exact(outputs.max(1)) {
            predictions.push(Prediction::of(loss, row, scaling));
        }
        watch(predictions.len() as u64)?;
    }
    let finite = |p: &Prediction| p.logits.iter().chain(&p.values).all(|value| value.is_finite());
    match predictions.iter().position(|prediction| !finite(prediction)) {
        Some(i) => Err(Error::data(
            &inputs.place,
            format!("sample {i} produces non-finite values; are its inputs far larger than in training?"),
        )),
        None => Ok(predictions),
    }
}
