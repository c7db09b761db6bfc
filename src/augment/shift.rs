//! Random shifts: column and line move by independent uniform numbers, also by parts of a pixel.

use serde::{Deserialize, Serialize};

use super::{Augmentation, Draws, Image};
use crate::config::Problems;

/// `{ shift = { … } }`: moves the image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The greatest shift in pixels, in each direction; this or `fraction` is required.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100_000))]
    pub pixels: Option<f64>,
    /// The greatest shift as a fraction of the height and the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub fraction: Option<f64>,
}

impl Augmentation for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        if self.pixels.is_some() == self.fraction.is_some() {
            let found = if self.pixels.is_some() {
                "`pixels` and `fraction` are both set"
            } else {
                "no distance is set"
            };
            problems.report_with_help(found, "set one of `pixels` and `fraction`");
        }
    }

    fn apply(&self, draws: &mut Draws, image: &mut Image) {
        let most = image
            .size()
            .map(|size| self.pixels.unwrap_or_else(|| self.fraction.unwrap_or(0.0) * size as f64));
        let [right, down] = [most[1], most[0]].map(|most| draws.uniform_in(-most, most));
        image.transform([[1.0, 0.0, -right], [0.0, 1.0, -down]]);
    }
}
