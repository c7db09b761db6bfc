//! All operations of a config, applied to one sample after the other.

use super::{Config, Draws, Image, Operation};
use crate::data::Features;
use crate::shape::Shape;

/// The operations, with the memory to apply them.
pub struct Chain<'a> {
    operations: &'a [Operation],
    seed: u64,
    image: Image,
    /// The sample that is mixed in.
    other: Image,
}

impl<'a> Chain<'a> {
    /// The operations of `config`, for samples of `shape`.
    #[must_use]
    pub fn new(config: &'a Config, shape: &Shape, seed: u64) -> Self {
        let image = || Image::new(shape, config);
        Self { operations: &config.operations, seed, image: image(), other: image() }
    }

    /// Whether an operation mixes samples.
    #[must_use]
    pub fn mixes(config: &Config) -> bool {
        config.operations.iter().any(|operation| operation.member().mixes())
    }

    /// Copies sample `index` of `features` to `to`.
    ///
    /// # Panics
    /// As [`run`](Self::run).
    pub fn copy(&mut self, features: &Features, index: usize, to: &mut [f32]) {
        self.image.load(features, index);
        to.copy_from_slice(self.image.values());
    }

    /// Applies all operations to sample `index` of `features` in `epoch` and writes its values to `to`. `partner` is the index
    /// of the sample to mix in; returns the share of the sample itself, if it was mixed. At most one operation mixes a sample.
    ///
    /// # Panics
    /// If an index is out of range, or `to` has another length than a sample.
    pub fn run(
        &mut self,
        features: &Features,
        epoch: u64,
        [index, partner]: [usize; 2],
        to: &mut [f32],
    ) -> Option<f64> {
        let Self { operations, seed, image, other } = self;
        let mut mixed = None;
        image.load(features, index);
        for (place, operation) in operations.iter().enumerate() {
            let mut draws = Draws::new(*seed, epoch, index, place);
            let member = operation.member();
            if !member.mixes() {
                member.apply(&mut draws, image);
            } else if mixed.is_none()
                && let Some(share) = member.share(&mut draws)
            {
                other.load(features, partner);
                for (place, operation) in operations[..place].iter().enumerate() {
                    operation.member().apply(&mut Draws::new(*seed, epoch, partner, place), other);
                }
                let share = member.mix(share, &mut draws, image, other.values());
                mixed = Some(share);
            }
        }
        to.copy_from_slice(image.values());
        mixed
    }
}
