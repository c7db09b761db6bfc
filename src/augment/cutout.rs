//! Cutout (`DeVries` and Taylor, "Improved regularization of convolutional neural networks with cutout", 2017): squares of the
//! image are replaced by `fill`. A square's center is a random pixel, so the image's border may cut it off.

use serde::{Deserialize, Serialize};

use super::{Augmentation, Draws, Image};

/// `{ cutout = { … } }`: covers squares of the image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The side of a square in pixels.
    #[schemars(range(min = 1, max = 100_000))]
    pub size: usize,
    /// The number of squares.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 30))]
    pub count: usize,
    /// The probability that the squares of a sample are covered.
    #[serde(default = "always")]
    #[schemars(range(min = 0, max = 1))]
    pub probability: f64,
}

fn one() -> usize {
    1
}

fn always() -> f64 {
    1.0
}

impl Augmentation for Config {
    fn apply(&self, draws: &mut Draws, image: &mut Image) {
        if draws.uniform() >= self.probability {
            return;
        }
        for _ in 0..self.count {
            let centers = image.size().map(|size| draws.below(size as u64) as usize);
            let [lines, columns] = centers.map(|center| {
                let start = (center + self.size.div_ceil(2)).saturating_sub(self.size);
                start..center + self.size.div_ceil(2)
            });
            let fill = image.fill();
            image.each_line(lines, columns, |line, _| line.fill(fill));
        }
    }
}
