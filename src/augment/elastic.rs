//! Elastic distortion (Simard, Steinkraus and Platt, "Best practices for convolutional neural networks applied to visual
//! document analysis", 2003): every pixel has its own offset, drawn from [-1, 1) in both directions, smoothed with a
//! Gaussian filter and multiplied by `alpha`.
//!
//! The filter ends at three standard deviations, and numbers outside of the image count as 0, as with `SciPy`'s
//! `gaussian_filter(mode="constant", truncate=3)`.

use serde::{Deserialize, Serialize};

use super::{Augmentation, Draws, Image};

/// `{ elastic = { … } }`: bends the image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The factor of the smoothed offsets, in pixels.
    #[schemars(range(min = 0, max = 100_000))]
    pub alpha: f64,
    /// The standard deviation of the filter, in pixels.
    #[schemars(range(min = 0.1, max = 1000))]
    pub sigma: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { alpha: 34.0, sigma: 4.0 }
    }
}

impl Augmentation for Config {
    fn apply(&self, draws: &mut Draws, image: &mut Image) {
        image.bend(self.alpha, self.sigma, draws);
    }
}
