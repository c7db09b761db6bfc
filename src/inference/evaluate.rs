//! One pass over samples without training; used by the loop, `taper eval` and the test at the end.

use super::judged::{Each, judge};
use crate::data::{Dataset, Loader, Scaling};
use crate::engine::Predictor;
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::loss::Loss;
use crate::metrics::Running;
use crate::shape::Shape;

/// Samples per pass without training: enough to keep the cores busy, but no more values than this.
const MOST_VALUES: usize = 1 << 22;

/// How many samples of this shape make one pass.
#[must_use]
pub fn batch_size(sample: &Shape) -> usize {
    (MOST_VALUES / sample.elements().unwrap_or(1).max(1)).clamp(1, 256)
}

/// Which samples to measure.
#[derive(Clone, Copy)]
pub struct Split<'a> {
    /// Where they are.
    pub dataset: &'a Dataset,
    /// Their indices.
    pub order: &'a [usize],
}

/// Hears how many samples are done: first of none, then after each batch. Its error ends the pass.
pub type Watch<'a> = dyn FnMut(u64) -> Result<()> + 'a;

/// Loss and metrics over `split`, or `None` if a signal arrived in the meantime.
///
/// # Errors
/// If the samples do not fit the network or the loss, the tensor library refuses, or `watch` does.
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

/// The same, of which `each` hears sample by sample.
///
/// # Errors
/// As [`evaluate`], and if `each` refuses.
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
    let mut running = Running::of_split(split.dataset.target()).in_units(scaling.target_units());
    let mut gradient = Vec::new(); // not used
    let mut done = 0;
    watch(done)?;
    let mut batches = Loader::new(split.dataset, split.order, batch_size, scaling);
    while let Some(batch) = batches.next() {
        let logits = predictor.logits(&batch.samples)?;
        gradient.resize(logits.len(), 0.0);
        let sum = loss.sum_and_gradient(logits, batch.targets, &mut gradient)?;
        running.add(sum, logits, batch.targets)?;
        if let Some(each) = &mut each {
            judge(loss, (split.dataset, scaling), batch.samples.indices, logits, each)?;
        }
        done += batch.samples.len() as u64;
        watch(done)?;
        if interrupt.signal().is_some() {
            return Ok(None);
        }
    }
    Ok(Some(running))
}
