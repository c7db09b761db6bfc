//! The memory layout of values between two stages.

use crate::shape::Shape;
use taper_kernels::fused::channels_last::{Image, padded};
use taper_kernels::fused::{Grid, fully_connected};

/// The shape of a sample and its layout in an arena. Samples are contiguous.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// `[values]` or `[channels, height, width]`, as in the layers.
    pub shape: Shape,
    /// Channels last; a flat sample is one pixel with a channel for each value.
    pub image: Image,
}

impl Layout {
    /// The layout of a network's input.
    pub fn of_input(shape: &Shape, border: [[usize; 2]; 2]) -> Self {
        let mut layout = Self::new(shape, border);
        if let Some([channels, ..]) = shape.image() {
            // Only read value by value, so padding to whole vectors would be a waste.
            layout.image.channels = channels;
        }
        layout
    }

    /// A layout with a border of zeros, `[[above, left], [below, right]]`.
    pub fn new(shape: &Shape, [before, after]: [[usize; 2]; 2]) -> Self {
        let image = match shape.image() {
            Some([channels, height, width]) => {
                Image { channels: padded(channels), size: [height, width], before, after }
            }
            None => Image::new(fully_connected::stride(shape.elements().unwrap_or(0)), [1, 1]),
        };
        Self { shape: shape.clone(), image }
    }

    /// Channels without padding; all values of a flat sample.
    pub fn channels(&self) -> usize {
        self.shape.0.first().copied().unwrap_or(0)
    }

    /// The grid of the values without padding.
    pub fn grid(&self) -> Grid {
        Grid { channels: self.channels(), image: self.image }
    }

    /// The number of values of one sample in memory.
    pub fn len(&self) -> usize {
        self.image.len()
    }
}
