//! Random brightness: all values are multiplied by the same number, as with torchvision's `adjust_brightness`.

use serde::{Deserialize, Serialize};

use super::{Augmentation, Draws, Image};

/// `{ brightness = { … } }`: makes the image brighter or darker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The multiplier is between 1 - `factor` and 1 + `factor`.
    #[schemars(range(min = 0, max = 1))]
    pub factor: f64,
}

impl Augmentation for Config {
    fn apply(&self, draws: &mut Draws, image: &mut Image) {
        brighten(image, draws.uniform_in(1.0 - self.factor, 1.0 + self.factor));
    }
}

/// Multiplies all values.
pub(super) fn brighten(image: &mut Image, factor: f64) {
    image.values().iter_mut().for_each(|value| *value *= factor as f32);
    image.clamp();
}
