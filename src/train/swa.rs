//! `[swa]`: the mean of the weights at the ends of the last epochs (Izmailov, Podoprikhin, Garipov, Vetrov and Wilson, "Averaging weights
//! leads to wider optima and better generalization", 2018).
//!
//! At the end of epoch `start_epoch` + n, the mean a becomes a n / (n + 1) + w / (n + 1) for the weights w. The running statistics of
//! batch normalization do not belong to the mean; so after each of these epochs a pass over its samples measures them again.

use serde::{Deserialize, Serialize};

/// `[swa]`: validates, tests and saves the mean of the weights of the last epochs, while training continues with the others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The first epoch whose weights are part of the mean; by default three quarters of the epochs come before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub start_epoch: Option<u64>,
}

impl Config {
    /// The share of the mean that is kept at the end of epoch `epoch`, counted from 1, in a run of `epochs` epochs; `None` before
    /// the first one of which the weights are part of it.
    #[must_use]
    pub fn kept(&self, epoch: u64, epochs: u64) -> Option<f64> {
        let start = self.start_epoch.unwrap_or_else(|| epochs.saturating_mul(3) / 4 + 1);
        let before = epoch.checked_sub(start)? as f64;
        Some(before / (before + 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_over_all_epochs_from_the_first_on() {
        let kept = |start_epoch, epoch| Config { start_epoch }.kept(epoch, 8);
        assert_eq!([1, 6, 7, 8].map(|epoch| kept(None, epoch)), [None, None, Some(0.0), Some(0.5)]);
        assert_eq!(
            [1, 2, 3, 4].map(|epoch| kept(Some(2), epoch)),
            [None, Some(0.0), Some(0.5), Some(2.0 / 3.0)]
        );
        assert_eq!(Config::default().kept(1, 1), Some(0.0));
    }
}
