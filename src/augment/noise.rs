//! Gaussian noise on the values of the data set, independent for each value.

use serde::{Deserialize, Serialize};

use super::{Augmentation, Draws, Image, Needs};

/// `{ noise = { … } }`: adds random numbers to all values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The standard deviation, in the unit of the data: for bytes, from 0 to 255.
    #[schemars(range(min = 0, max = 1e30))]
    pub deviation: f64,
}

impl Augmentation for Config {
    fn needs(&self) -> Needs {
        Needs::Anything
    }

    fn apply(&self, draws: &mut Draws, image: &mut Image) {
        let mut numbers = draws.many();
        image.values().iter_mut().for_each(|value| *value += (self.deviation * numbers.normal()) as f32);
        image.clamp();
    }
}
