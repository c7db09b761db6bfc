//! Samples one by one, with what was predicted and what is right.

use super::prediction::Prediction;
use crate::data::{Dataset, Scaling, Targets};
use crate::error::Result;
use crate::loss::Loss;

/// One sample of a split.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged<'a> {
    /// Its number in the data set that the split is taken from, counted from 0.
    pub index: usize,
    /// What is right.
    pub truth: Truth<'a>,
    /// What the network says.
    pub prediction: Prediction,
}

/// What is right for a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Truth<'a> {
    /// A class.
    Class(usize),
    /// Numbers, in their own unit.
    Values(&'a [f32]),
}

/// Hears of each sample what was predicted for it. Its error ends the pass.
pub type Each<'a> = dyn FnMut(Judged<'_>) -> Result<()> + 'a;

/// Tells `each` of the samples `indices` of `dataset`, whose `logits` stand row by row.
pub(super) fn judge(
    loss: &dyn Loss,
    (dataset, scaling): (&Dataset, &Scaling),
    indices: &[usize],
    logits: &[f32],
    each: &mut Each<'_>,
) -> Result<()> {
    let outputs = (logits.len() / indices.len().max(1)).max(1);
    for (&index, logits) in indices.iter().zip(logits.chunks_exact(outputs)) {
        // Not those of the batch, which may be standardized.
        let truth = match &dataset.targets {
            Targets::Classes { labels, .. } => Truth::Class(labels[index] as usize),
            Targets::Values { values, width } => Truth::Values(&values[index * width..(index + 1) * width]),
        };
        each(Judged { index, truth, prediction: Prediction::of(loss, logits, scaling) })?;
    }
    Ok(())
}
