//! Convolution over channels-last images, without unfolding them.
//!
//! The values under one row of a filter are then contiguous, and sixteen output channels fill a vector: a
//! tile of some pixels times some vectors of channels stays in registers while the filter's values stream
//! by, each multiplied by a pixel's value broadcast to all lanes. The gradient of the input is the same
//! product with transposed filters, the gradient of the filters another one with the roles exchanged.
//!
//! Channels are padded with zeros to a multiple of sixteen, images with the border that their reader needs,
//! so that inner loops need no bounds checks.
//!
//! If a pixel has an infinite value, the padding channels of the outputs become 0 times infinity, NaN,
//! which the next convolution spreads over the whole pixel. This stops no run that would otherwise
//! continue: the filters applied to the infinite value have a non-finite gradient in any case, if only as 0
//! times infinity, and the update detects it.

#![allow(
    clippy::needless_range_loop,
    reason = "kernels have index loops over tiles, which the compiler unrolls; see `array!`"
)]

mod convolution;
mod delta;
mod epilogue;
mod flatten;
mod forward;
mod groups;
mod pack;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
mod weight_gradient;
mod winners;
mod winograd;

pub use convolution::{BackwardPass, Convolution, ForwardPass};
pub use flatten::Flattening;
pub use winograd::products;

use delta::Delta;
use epilogue::Epilogue;
use forward::Forward;
use groups::Groups;
use weight_gradient::WeightGradient;
use winners::{Quads, WinnersGradient};

use crate::simd::holds;
use crate::simd::lanes::WIDTH;

/// No slice holds more values than this.
pub(crate) const MAX_VALUES: usize = isize::MAX as usize / size_of::<f32>();

/// The memory layout of one image: channels last, with a border of zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// Channels of one pixel in memory, with padding.
    pub channels: usize,
    /// The size in pixels, without the border.
    pub size: [usize; 2],
    /// Border rows above and columns left of the image.
    pub before: [usize; 2],
    /// Border rows below and columns right of the image.
    pub after: [usize; 2],
}

impl Image {
    /// An image without a border.
    #[must_use]
    pub fn new(channels: usize, size: [usize; 2]) -> Self {
        Self { channels, size, before: [0; 2], after: [0; 2] }
    }

    /// The row stride, in values.
    #[must_use]
    pub fn row(&self) -> usize {
        (self.before[1] + self.size[1] + self.after[1]) * self.channels
    }

    /// Whether its size can be computed, and so addressed, without overflow.
    pub(crate) fn is_countable(&self) -> bool {
        let side =
            |axis: usize| self.before[axis].checked_add(self.size[axis])?.checked_add(self.after[axis]);
        let sides = [0, 1].map(|axis| side(axis).unwrap_or(usize::MAX));
        holds(MAX_VALUES, &[self.channels, sides[0], sides[1]])
    }

    /// The number of values, with the border.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.before[0] + self.size[0] + self.after[0]) * self.row()
    }

    /// Whether it has no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The offset of the pixel at `row` and `column`.
    #[must_use]
    pub fn pixel(&self, row: usize, column: usize) -> usize {
        (self.before[0] + row) * self.row() + (self.before[1] + column) * self.channels
    }
}

/// `channels` rounded up to whole vectors.
#[must_use]
pub fn padded(channels: usize) -> usize {
    channels.next_multiple_of(WIDTH)
}

/// The footprint of a filter on an [`Image`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Height of the filter.
    pub rows: usize,
    /// Contiguous values under one of its rows: width times channels.
    pub run: usize,
    /// The row stride of the image, in values.
    pub row_step: usize,
}

impl Filter {
    /// A filter of `kernel` pixels over `image`.
    #[must_use]
    pub fn new(kernel: [usize; 2], image: &Image) -> Self {
        Self { rows: kernel[0], run: kernel[1] * image.channels, row_step: image.row() }
    }

    /// The number of weights for one output channel.
    #[must_use]
    pub fn taps(&self) -> usize {
        self.rows * self.run
    }
}
