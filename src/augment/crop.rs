//! Random crops of a padded image: `padding` pixels are added on each side, and a part of the original size is cut out at a
//! random place. As torchvision's `RandomCrop(size, padding)`: a shift by whole pixels, which are copied exactly.

use serde::{Deserialize, Serialize};

use super::{Augmentation, Draws, Image};

/// `{ crop = { … } }`: cuts an image of the same size out of the padded one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The number of pixels added on each side.
    #[schemars(range(max = 100_000))]
    pub padding: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { padding: 4 }
    }
}

impl Augmentation for Config {
    fn apply(&self, draws: &mut Draws, image: &mut Image) {
        let mut place = || draws.below(2 * self.padding + 1) as f64 - self.padding as f64;
        let [right, down] = [place(), place()];
        image.transform([[1.0, 0.0, right], [0.0, 1.0, down]]);
    }
}
