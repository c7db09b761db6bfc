//! `taper predict`: class probabilities or values for new inputs.

use crate::cli::Predict;

/// Predicts.
///
/// # Errors
/// If the checkpoint or an input cannot be used.
pub fn run(_options: &Predict) -> anyhow::Result<()> {
    Err(taper::Error::Usage("predict comes with branch `data`".to_owned()).into())
}
