//! The classes that logits predict.

use candle_core::Result;

/// The class predicted by a sample's logits, out of `classes`: that of the largest logit, in a tie the first
/// one; a single logit for two classes predicts class 1 if it is above 0. NaN compares as neither larger nor
/// smaller than other logits.
#[must_use]
pub fn predicted_class(logits: &[f32], classes: usize) -> usize {
    match logits {
        [logit] if classes == 2 => usize::from(*logit > 0.0),
        _ => (1..logits.len()).fold(0, |best, i| if logits[i] > logits[best] { i } else { best }),
    }
}

/// The classes predicted by logits, row by row `[samples, classes]` or `[samples, 1]` for two classes, each
/// as in [`predicted_class`].
///
/// # Errors
/// If the number of rows is not `samples`.
pub fn predicted_classes(
    logits: &[f32],
    samples: usize,
    classes: usize,
) -> Result<impl Iterator<Item = u32> + '_> {
    let single = classes == 2 && logits.len() == samples;
    let outputs = if single { 1 } else { classes };
    if samples.checked_mul(outputs) != Some(logits.len()) {
        candle_core::bail!("{} logits for {samples} samples of {classes} classes", logits.len());
    }
    Ok(logits.chunks_exact(outputs.max(1)).map(move |row| predicted_class(row, classes) as u32))
}

/// Checks that there are as many target classes as predicted ones, all of them below `classes`.
///
/// # Errors
/// If they do not match.
pub(super) fn check_classes(targets: &[u32], predicted: &[u32], classes: usize) -> Result<()> {
    if targets.len() != predicted.len() {
        candle_core::bail!("{} labels for {} predictions", targets.len(), predicted.len());
    }
    check_range(targets, classes)?;
    check_range(predicted, classes)
}

/// Checks that all `labels` are below `classes`.
///
/// # Errors
/// If one is not.
pub(super) fn check_range(labels: &[u32], classes: usize) -> Result<()> {
    match labels.iter().find(|class| **class as usize >= classes) {
        Some(class) => candle_core::bail!("class {class} is out of range for {classes} classes"),
        None => Ok(()),
    }
}
