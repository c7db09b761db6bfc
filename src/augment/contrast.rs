//! Random contrast: the differences from the mean of the image are multiplied by the same number, as with torchvision's
//! `adjust_contrast`. The mean of a color image is that of its luminance.

use serde::{Deserialize, Serialize};

use super::{Augmentation, Draws, Image, colors};

/// `{ contrast = { … } }`: raises or lowers the contrast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The multiplier is between 1 - `factor` and 1 + `factor`.
    #[schemars(range(min = 0, max = 1))]
    pub factor: f64,
}

impl Augmentation for Config {
    fn apply(&self, draws: &mut Draws, image: &mut Image) {
        colors::contrast(image, draws.uniform_in(1.0 - self.factor, 1.0 + self.factor));
    }
}
