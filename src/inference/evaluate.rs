//! Evaluates samples without training; used by the loop, `taper eval` and the test at the end.

use super::sample_result::{Each, each_result};
use crate::data::{Dataset, Loader, Scaling};
use crate::engine::Predictor;
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::loss::Loss;
use crate::metrics::Running;
use crate::shape::Shape;

/// The maximum number of values per batch: enough to keep the cores busy.
const MAX_VALUES: usize = 1 << 22;

/// The number of samples of this shape in one batch.
#[must_use]
pub fn batch_size(sample: &Shape) -> usize {
    (MAX_VALUES / sample.elements().unwrap_or(1).max(1)).clamp(1, 256)
}

/// The samples to measure.
#[derive(Clone, Copy)]
pub struct Split<'a> {
    /// The data set.
    pub dataset: &'a Dataset,
    /// Their indices.
    pub indices: &'a [usize],
    /// The metrics to measure of those of [`ON_REQUEST`](crate::metrics::ON_REQUEST).
    pub requested: &'a [&'static str],
}

/// Called with the number of samples done: with 0 at first, then after each batch. An error ends the
/// evaluation.
pub type Watch<'a> = dyn FnMut(u64) -> Result<()> + 'a;

/// Loss and metrics over `split`, or `None` if a signal arrived in the meantime.
///
/// # Errors
/// If the samples do not match the network or the loss, candle returns an error, or `watch` does.
pub fn evaluate(
    predictor: &mut dyn Predictor,
    loss: &dyn Loss,
    split: Split<'_>,
    scaling: &Scaling,
    interrupt: &Interrupt,
    watch: &mut Watch<'_>,
) -> Result<Option<Running>> {
    evaluate_each(predictor, loss, split, scaling, interrupt, watch, None)
}

/// The same, and calls `each` for every sample.
///
/// # Errors
/// As [`evaluate`], and if `each` returns an error.
pub fn evaluate_each(
    predictor: &mut dyn Predictor,
    loss: &dyn Loss,
    split: Split<'_>,
    scaling: &Scaling,
    interrupt: &Interrupt,
    watch: &mut Watch<'_>,
    mut each: Option<&mut Each<'_>>,
) -> Result<Option<Running>> {
    let batch_size = batch_size(&split.dataset.sample_shape);
    let target = split.dataset.target();
    let mut running = Running::of_split(target).with(split.requested).in_units(scaling.target_units());
    let mut gradient = Vec::new(); // unused
    let mut done = 0;
    watch(0)?;
    let mut batches = Loader::new(split.dataset, split.indices, batch_size, scaling);
    while let Some(batch) = batches.next()? {
        let logits = predictor.logits(&batch.samples)?;
        gradient.resize(logits.len(), 0.0);
        let sum = loss.sum_and_gradient(logits, batch.targets, &mut gradient)?;
        running.add(sum, logits, batch.targets)?;
        if let Some(each) = &mut each {
            let indices = &split.indices[done..done + batch.samples.len()];
            each_result(loss, (split.dataset, scaling), indices, logits, each)?;
        }
        done += batch.samples.len();
        watch(done as u64)?;
        if interrupt.signal().is_some() {
            return Ok(None);
        }
    }
    Ok(Some(running))
}
