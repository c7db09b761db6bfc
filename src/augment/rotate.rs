//! Random rotations about the center of the image, by a uniform angle.

use serde::{Deserialize, Serialize};

use super::{Augmentation, Draws, Image};

/// `{ rotate = { … } }`: turns the image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The greatest angle to both sides.
    #[schemars(range(min = 0, max = 180))]
    pub degrees: f64,
}

impl Augmentation for Config {
    fn apply(&self, draws: &mut Draws, image: &mut Image) {
        rotate(image, draws.uniform_in(-self.degrees, self.degrees));
    }
}

/// Turns the image counterclockwise.
pub(super) fn rotate(image: &mut Image, degrees: f64) {
    let (sine, cosine) = libm::sincos(degrees.to_radians());
    image.transform_about_center([[cosine, -sine], [sine, cosine]]);
}
