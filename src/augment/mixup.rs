//! Mixup (Zhang, Cissé, Dauphin and Lopez-Paz, "mixup: Beyond empirical risk minimization", 2018): a sample becomes
//! λ x + (1 - λ) x' with another sample x', and its loss λ L(y) + (1 - λ) L(y'), for λ from Beta(α, α).
//!
//! Each sample has its own λ, as in Keras; timm draws one for a batch. The other sample is a fixed distance away in the order of
//! the epoch, so mixtures do not depend on batches.

use serde::{Deserialize, Serialize};

use super::beta::beta;
use super::{Augmentation, Draws, Image, Needs};

/// `{ mixup = { … } }`: mixes two samples and their targets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Both parameters of the beta distribution.
    #[schemars(range(min = 0.01, max = 1000))]
    pub alpha: f64,
    /// The probability that a sample is mixed.
    #[schemars(range(min = 0, max = 1))]
    pub probability: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { alpha: 0.2, probability: 1.0 }
    }
}

impl Augmentation for Config {
    fn needs(&self) -> Needs {
        Needs::Anything
    }

    fn mixes(&self) -> bool {
        true
    }

    fn share(&self, draws: &mut Draws) -> Option<f64> {
        (draws.uniform() < self.probability).then(|| beta(self.alpha, draws))
    }

    fn mix(&self, share: f64, _draws: &mut Draws, image: &mut Image, other: &[f32]) -> f64 {
        let share = share as f32;
        for (value, other) in image.values().iter_mut().zip(other) {
            *value = share * *value + (1.0 - share) * other;
        }
        f64::from(share)
    }
}
