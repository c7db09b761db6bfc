//! How the values between two stages lie in memory.

use crate::shape::Shape;
use taper_kernels::fused::channels_last::{Image, padded};
use taper_kernels::fused::{Grid, fully_connected};

/// A sample's shape and its place in an arena. Samples follow each other without gaps.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// `[values]` or `[channels, height, width]`, as the layers see it.
    pub shape: Shape,
    /// Channels last; a flat sample is one pixel with a channel for each value.
    pub image: Image,
}

impl Layout {
    /// The layout of a network's input.
    pub fn of_input(shape: &Shape, border: [[usize; 2]; 2]) -> Self {
        let mut layout = Self::new(shape, border);
        if let Some([channels, ..]) = shape.image() {
            // Read value by value only, so the gaps of whole vectors would be waste.
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

    /// Channels that count; all values of a flat sample.
    pub fn channels(&self) -> usize {
        self.shape.0.first().copied().unwrap_or(0)
    }

    /// Where the values that count are.
    pub fn grid(&self) -> Grid {
        Grid { channels: self.channels(), image: self.image }
    }

    /// Values of one sample in memory.
    pub fn len(&self) -> usize {
        self.image.len()
    }
}
