//! `[augment]`: random changes to training samples, one file per operation.
//!
//! Operations are applied in the order of the list. Those that only move pixels are combined into one map of
//! coordinates, so that an image is interpolated once. All are applied to the values of the data set, before
//! preprocessing.
//!
//! The random numbers of an operation depend on the run's seed, the epoch, the sample and the operation's
//! place in the list: batch size, threads and interruptions change nothing, and an operation at the end of
//! the list leaves the numbers of the others as they were.
//!
//! ```
//! let config: taper::augment::Config = toml::from_str(
//!     "operations = [ { rotate = { degrees = 10 } }, { shift = { pixels = 2 } } ]",
//! )?;
//! assert_eq!((config.operations[1].name(), config.until), ("shift", 1.0));
//! # Ok::<(), toml::de::Error>(())
//! ```

pub mod brightness;
pub mod contrast;
pub mod crop;
pub mod cutmix;
pub mod cutout;
pub mod elastic;
pub mod flip;
pub mod mixup;
pub mod noise;
pub mod rotate;
pub mod scale;
pub mod shear;
pub mod shift;
pub mod trivial_augment;

mod beta;
mod chain;
mod colors;
mod draws;
mod image;

pub(crate) use chain::{Chain, Sample};
pub use draws::Draws;
pub use image::Image;

use serde::{Deserialize, Serialize};

use crate::config::{Problems, registry};
use crate::shape::Shape;

registry! {
    /// One element of `augment.operations`.
    Operation: Augmentation {
        shift, rotate, scale, shear, elastic, flip, crop, cutout, noise, brightness, contrast, mixup, cutmix,
        trivial_augment
    }
}

/// `[augment]`: random changes to the training samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The operations, in the order in which they are applied.
    #[schemars(length(max = 100))]
    pub operations: Vec<Operation>,
    /// What lies outside of an image.
    #[serde(default)]
    pub border: Border,
    /// The value outside of an image and in holes, in the unit of the data: for bytes, from 0 to 255.
    #[serde(default)]
    pub fill: f64,
    /// The share of training after which samples remain unchanged.
    #[serde(default = "whole")]
    #[schemars(range(min = 0, max = 1))]
    pub until: f64,
}

fn whole() -> f64 {
    1.0
}

/// The values outside of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Border {
    /// `fill`.
    #[default]
    Constant,
    /// The nearest pixel.
    Edge,
    /// The image reflected at its outermost pixels, which are not repeated.
    Reflect,
}

/// The samples to which an operation can be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Any samples.
    Anything,
    /// Images, as bytes or numbers.
    Images,
    /// Images as bytes.
    Bytes,
}

/// The config of an operation.
pub trait Augmentation {
    /// Reports problems with the options that the schema cannot express.
    fn validate(&self, _problems: &mut Problems<'_>) {}

    /// The samples to which it can be applied.
    fn needs(&self) -> Needs {
        Needs::Images
    }

    /// Changes one sample. `draws` contains the random numbers for this operation and sample.
    fn apply(&self, _draws: &mut Draws, _image: &mut Image) {}

    /// Whether it mixes samples. Then it does nothing but that.
    fn mixes(&self) -> bool {
        false
    }

    /// The share of the sample itself in a mixture with another one, if it is to be mixed.
    fn share(&self, _draws: &mut Draws) -> Option<f64> {
        None
    }

    /// Mixes `other` into `image` and returns the share of the image itself in the result; `share` is the one drawn before.
    fn mix(&self, share: f64, _draws: &mut Draws, _image: &mut Image, _other: &[f32]) -> f64 {
        share
    }
}

impl Config {
    /// Reports problems with the operations.
    pub fn validate(&self, problems: &mut Problems<'_>) {
        if !self.fill.is_finite() || self.fill.abs() > 1e30 {
            problems.key("fill").report("must be between -1e30 and 1e30");
        }
        for (i, operation) in self.operations.iter().enumerate() {
            let mut place = problems.key("operations");
            operation.member().validate(&mut place.index(i).key(operation.name()));
        }
    }

    /// Reports operations that cannot be applied to samples of `shape`.
    pub fn validate_shape(&self, shape: &Shape, problems: &mut Problems<'_>) {
        if shape.image().is_some() {
            return;
        }
        for (i, operation) in self.operations.iter().enumerate() {
            if operation.member().needs() != Needs::Anything {
                let mut place = problems.key("operations");
                place.index(i).key(operation.name()).report_with_help(
                    format!("needs images, but a sample has shape {shape}"),
                    "only `noise` and `mixup` apply to other samples",
                );
            }
        }
    }

    /// The first operation that needs bytes.
    #[must_use]
    pub fn needs_bytes(&self) -> Option<&'static str> {
        let first = self.operations.iter().find(|operation| operation.member().needs() == Needs::Bytes);
        first.map(Operation::name)
    }
}

#[cfg(test)]
mod goldens;
#[cfg(test)]
mod tests;
