//! Random changes of size about the center of the image, by a uniform factor for both directions.

use serde::{Deserialize, Serialize};

use super::{Augmentation, Draws, Image};
use crate::config::Problems;

/// `{ scale = { … } }`: makes the image larger or smaller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The least and the greatest factor; below 1 the image becomes smaller.
    #[schemars(inner(range(min = 0.01, max = 100)))]
    pub factors: [f64; 2],
}

impl Default for Config {
    fn default() -> Self {
        Self { factors: [0.9, 1.1] }
    }
}

impl Augmentation for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        if self.factors[0] > self.factors[1] {
            problems.key("factors").report("the first factor must not exceed the second");
        }
    }

    fn apply(&self, draws: &mut Draws, image: &mut Image) {
        let part = 1.0 / draws.uniform_in(self.factors[0], self.factors[1]);
        image.transform_about_center([[part, 0.0], [0.0, part]]);
    }
}
