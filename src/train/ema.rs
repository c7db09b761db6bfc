//! `[ema]`: an exponential moving average of the weights, after Polyak and Juditsky, "Acceleration of stochastic approximation by
//! averaging" (1992).
//!
//! After step t = 0, 1, …, the average e becomes d e + (1 - d) w, for the weights w and the running statistics of batch normalization
//! alike; it starts with the initial weights. With `warmup`, d = min(`decay`, (1 + t) / (10 + t)), as in `TensorFlow`'s
//! `ExponentialMovingAverage` with `num_updates`: without it, the initial weights would still have a share of `decay`^t.

use serde::{Deserialize, Serialize};

/// `[ema]`: validates, tests and saves averaged weights, while training continues with the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The share of the average that is kept at each step.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub decay: f64,
    /// Whether less is kept at first.
    pub warmup: bool,
    /// Steps between two updates of the average, which then keep `decay` to the power of this number.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub every_steps: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { decay: 0.999, warmup: true, every_steps: 1 }
    }
}

impl Config {
    /// The share of the average that is kept after step `step`, counted from 0; `None` if it is not updated then.
    #[must_use]
    pub fn kept(&self, step: u64) -> Option<f64> {
        if !(step + 1).is_multiple_of(self.every_steps) {
            return None;
        }
        let t = step as f64;
        let decay = if self.warmup { self.decay.min((1.0 + t) / (10.0 + t)) } else { self.decay };
        Some(libm::pow(decay, self.every_steps as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warm_up_keeps_less_at_first() {
        let config = Config::default();
        let near = |step, expected: f64| (config.kept(step).expect("an update") - expected).abs() < 1e-15;
        assert!(near(0, 0.1) && near(9, 10.0 / 19.0) && near(1_000_000, 0.999));
        let config = Config { warmup: false, ..config };
        assert_eq!(config.kept(0), Some(0.999));
    }

    #[test]
    fn rare_updates_keep_as_much_as_frequent_ones() {
        let config = Config { decay: 0.9, warmup: false, every_steps: 3 };
        assert_eq!([0, 1, 3, 4].map(|step| config.kept(step)), [None; 4]);
        assert!((config.kept(2).expect("an update") - 0.729).abs() < 1e-15);
    }
}
