//! `CutMix` (Yun et al., "`CutMix`: Regularization strategy to train strong classifiers with localizable features", 2019): a
//! rectangle is replaced by that of another sample. Its sides are those of the image times sqrt(1 - λ), for λ from Beta(α, α),
//! its center a random pixel; the targets are mixed by the area that is left after the image's border has cut it off.

use serde::{Deserialize, Serialize};

use super::beta::beta;
use super::{Augmentation, Draws, Image};

/// `{ cutmix = { … } }`: replaces a rectangle by that of another sample, and mixes the targets.
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
        Self { alpha: 1.0, probability: 1.0 }
    }
}

impl Augmentation for Config {
    fn mixes(&self) -> bool {
        true
    }

    fn share(&self, draws: &mut Draws) -> Option<f64> {
        (draws.uniform() < self.probability).then(|| beta(self.alpha, draws))
    }

    fn mix(&self, share: f64, draws: &mut Draws, image: &mut Image, other: &[f32]) -> f64 {
        let size = image.size();
        let part = (1.0 - share).max(0.0).sqrt();
        let [lines, columns] = size.map(|size| {
            let (center, half) = (draws.below(size as u64) as usize, (size as f64 * part) as usize / 2);
            center.saturating_sub(half)..(center + half).min(size)
        });
        let covered = lines.len() * columns.len();
        image.each_line(lines, columns, |line, at| line.copy_from_slice(&other[at..at + line.len()]));
        1.0 - covered as f64 / (size[0] * size[1]).max(1) as f64
    }
}
