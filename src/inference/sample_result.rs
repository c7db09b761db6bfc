//! Single samples, with prediction and target.

use std::path::Path;

use super::prediction::Prediction;
use crate::data::{Dataset, Scaling, Targets};
use crate::error::Result;
use crate::loss::Loss;

/// One sample of a split, with its prediction.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleResult<'a> {
    /// Its index in the data set of the split, counted from 0.
    pub index: usize,
    /// Its file, if each sample has a file of its own, as in a folder of images.
    pub file: Option<&'a Path>,
    /// The target.
    pub target: SampleTarget<'a>,
    /// The prediction of the network.
    pub prediction: Prediction,
}

/// The target of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SampleTarget<'a> {
    /// A class.
    Class(usize),
    /// Numbers, in their own unit.
    Values(&'a [f32]),
}

/// Called for each sample with its prediction. An error ends the evaluation.
pub type Each<'a> = dyn FnMut(SampleResult<'_>) -> Result<()> + 'a;

/// Calls `each` for the samples `indices` of `dataset`, whose `logits` are given row by row.
pub(super) fn each_result(
    loss: &dyn Loss,
    (dataset, scaling): (&Dataset, &Scaling),
    indices: &[usize],
    logits: &[f32],
    each: &mut Each<'_>,
) -> Result<()> {
    let outputs = (logits.len() / indices.len().max(1)).max(1);
    for (&index, logits) in indices.iter().zip(logits.chunks_exact(outputs)) {
        // Not the targets of the batch, which may be standardized.
        let target = match &dataset.targets {
            Targets::Classes { labels, .. } => SampleTarget::Class(labels[index] as usize),
            Targets::Values { values, width } => {
                SampleTarget::Values(&values[index * width..(index + 1) * width])
            }
        };
        each(SampleResult { index, file: None, target, prediction: Prediction::of(loss, logits, scaling) })?;
    }
    Ok(())
}
