//! All operations of a config, applied to one sample after the other.

use super::{Config, Draws, Image, Operation};
use crate::data::Features;
use crate::shape::Shape;

/// A sample of a data set.
#[derive(Clone, Copy)]
pub struct Sample<'a> {
    /// Its values are in row `row` of these.
    pub features: &'a Features,
    /// The place of its values in `features`.
    pub row: usize,
    /// Its index in the data set, on which random numbers depend.
    pub index: usize,
}

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

    /// Copies `sample` to `to`.
    ///
    /// # Panics
    /// As [`run`](Self::run).
    pub fn copy(&mut self, sample: Sample<'_>, to: &mut [f32]) {
        self.image.load(sample.features, sample.row);
        to.copy_from_slice(self.image.values());
    }

    /// Applies all operations to `sample` in `epoch` and writes its values to `to`. `partner` is the sample to mix in; returns
    /// the share of `sample` itself, if it was mixed. At most one operation mixes a sample.
    ///
    /// # Panics
    /// If a row is out of range, or `to` has another length than a sample.
    pub fn run(
        &mut self,
        sample: Sample<'_>,
        partner: Sample<'_>,
        epoch: u64,
        to: &mut [f32],
    ) -> Option<f64> {
        let Self { operations, seed, image, other } = self;
        let mut mixed = None;
        image.load(sample.features, sample.row);
        for (place, operation) in operations.iter().enumerate() {
            let mut draws = Draws::new(*seed, epoch, sample.index, place);
            let member = operation.member();
            if !member.mixes() {
                member.apply(&mut draws, image);
            } else if mixed.is_none()
                && let Some(share) = member.share(&mut draws)
            {
                other.load(partner.features, partner.row);
                for (place, operation) in operations[..place].iter().enumerate() {
                    operation.member().apply(&mut Draws::new(*seed, epoch, partner.index, place), other);
                }
                let share = member.mix(share, &mut draws, image, other.values());
                mixed = Some(share);
            }
        }
        to.copy_from_slice(image.values());
        mixed
    }
}
