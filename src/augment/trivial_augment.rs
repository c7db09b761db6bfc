//! `TrivialAugment` (Müller and Hutter, "`TrivialAugment`: Tuning-free yet state-of-the-art data augmentation", 2021): one of
//! fourteen operations with a random strength, as torchvision's `TrivialAugmentWide`.
//!
//! torchvision moves images by up to 32 pixels, which empties small ones; here the distance is at most 0.45 of the side.

use serde::{Deserialize, Serialize};

use super::brightness::brighten;
use super::rotate::rotate;
use super::shear::shear;
use super::{Augmentation, Draws, Image, Needs, colors};

/// The operations of the paper's "wide" space.
const OPERATIONS: u64 = 14;

/// `{ trivial_augment = { … } }`: applies one random operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The number of strengths, from none to the greatest.
    #[schemars(range(min = 2, max = 1000))]
    pub strengths: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { strengths: 31 }
    }
}

impl Augmentation for Config {
    fn needs(&self) -> Needs {
        Needs::Bytes
    }

    fn apply(&self, draws: &mut Draws, image: &mut Image) {
        let operation = draws.below(OPERATIONS);
        let strength = draws.below(self.strengths) as f64 / (self.strengths - 1) as f64;
        let sign = if draws.below(2) == 0 { 1.0 } else { -1.0 };
        perform(operation, strength, sign, image);
    }
}

/// Operation `operation` with a strength in 0..=1 and a sign, which only some of them have.
fn perform(operation: u64, strength: f64, sign: f64, image: &mut Image) {
    let signed = sign * strength;
    let distance = |size: usize| signed * 32_f64.min(0.45 * size as f64);
    let [height, width] = image.size();
    match operation {
        0 => {}
        1 => shear(image, [0.99 * signed, 0.0]),
        2 => shear(image, [0.0, 0.99 * signed]),
        3 => image.transform([[1.0, 0.0, distance(width)], [0.0, 1.0, 0.0]]),
        4 => image.transform([[1.0, 0.0, 0.0], [0.0, 1.0, distance(height)]]),
        5 => rotate(image, 135.0 * signed),
        6 => brighten(image, 1.0 + 0.99 * signed),
        7 => colors::saturation(image, 1.0 + 0.99 * signed),
        8 => colors::contrast(image, 1.0 + 0.99 * signed),
        9 => colors::sharpness(image, 1.0 + 0.99 * signed),
        10 => colors::posterize(image, 8 - (6.0 * strength).round() as u32),
        11 => colors::solarize(image, 255.0 * (1.0 - strength)),
        12 => colors::auto_contrast(image),
        _ => colors::equalize(image),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment;
    use crate::data::Features;
    use crate::shape::Shape;

    #[test]
    fn every_operation_keeps_bytes_in_their_range() {
        let config: augment::Config = toml::from_str("operations = []").expect("a config");
        let bytes: Vec<u8> = (0..3 * 12 * 20).map(|i| (i * 37 % 256) as u8).collect();
        for operation in 0..OPERATIONS {
            for (strength, sign) in [(0.0, 1.0), (0.4, -1.0), (1.0, 1.0), (1.0, -1.0)] {
                let mut image = Image::new(&Shape::from([3, 12, 20]), &config);
                image.load(&Features::Bytes(bytes.clone()), 0);
                perform(operation, strength, sign, &mut image);
                let values = image.values();
                assert!(values.iter().all(|value| (0.0..=255.0).contains(value)), "{operation} {strength}");
                let changed = values.iter().zip(&bytes).any(|(value, byte)| *value != f32::from(*byte));
                let neutral = operation == 0 || strength == 0.0 && operation < 11;
                assert!(changed != neutral || operation > 10, "{operation} {strength}");
            }
        }
    }
}
