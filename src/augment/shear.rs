//! Random shears about the center of the image: the tangent of a uniform angle times the line is added to the column.

use serde::{Deserialize, Serialize};

use super::{Augmentation, Draws, Image};

/// `{ shear = { … } }`: slants the image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The greatest angle by which vertical lines are slanted, to both sides.
    #[schemars(range(min = 0, max = 80))]
    pub degrees: f64,
    /// The greatest angle by which horizontal lines are slanted, to both sides.
    #[schemars(range(min = 0, max = 80))]
    pub vertical_degrees: f64,
}

impl Augmentation for Config {
    fn apply(&self, draws: &mut Draws, image: &mut Image) {
        let mut slope = |most: f64| libm::tan(draws.uniform_in(-most, most).to_radians());
        let slopes = [slope(self.degrees), slope(self.vertical_degrees)];
        shear(image, slopes);
    }
}

/// Slants the image: output column and line come from x + a y and y + b x about the center.
pub(super) fn shear(image: &mut Image, [a, b]: [f64; 2]) {
    image.transform_about_center([[1.0, a], [b, 1.0]]);
}
