//! The memory layout of a sample: pixels with channels.

use super::channels_last::Image;

/// The memory layout of a sample, with padding: channels are padded to whole vectors, images have a border.
/// Samples are contiguous. A flat sample is one pixel with a channel for each value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Channels without padding: the first of each pixel.
    pub channels: usize,
    /// The pixels and their border.
    pub image: Image,
}

impl Grid {
    /// The number of pixels, 1 for a flat sample.
    #[must_use]
    pub fn pixels(&self) -> usize {
        self.image.size[0] * self.image.size[1]
    }

    /// The number of values without padding.
    #[must_use]
    pub fn values(&self) -> usize {
        self.channels * self.pixels()
    }

    /// The number of values in memory, with padding.
    #[must_use]
    pub fn len(&self) -> usize {
        self.image.len()
    }

    /// Whether a sample takes no memory.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.image.is_empty()
    }

    /// Whether every pixel has room for the channels, and the size can be computed: kernels rely on it for their pointers.
    pub(super) fn is_consistent(&self) -> bool {
        self.channels <= self.image.channels && self.image.is_countable()
    }

    /// The offsets of a sample's pixels, row by row.
    pub fn each_pixel(&self) -> impl Iterator<Item = usize> + use<> {
        let image = self.image;
        (0..image.size[0]).flat_map(move |row| (0..image.size[1]).map(move |column| image.pixel(row, column)))
    }

    /// The values of sample `sample` in `values`, with padding.
    ///
    /// # Panics
    /// If `values` does not contain that sample.
    #[must_use]
    pub fn sample<'a>(&self, values: &'a [f32], sample: usize) -> &'a [f32] {
        &values[sample * self.len()..][..self.len()]
    }
}

/// Calls `visit` for each value of a sample with its offset in `input`, its offset in `output`, and its
/// index without padding, channel by channel as in PyTorch.
pub(super) fn each_value(input: &Grid, output: &Grid, mut visit: impl FnMut(usize, usize, usize)) {
    let pixels = input.pixels();
    for (pixel, (from, to)) in input.each_pixel().zip(output.each_pixel()).enumerate() {
        for channel in 0..input.channels {
            visit(from + channel, to + channel, channel * pixels + pixel);
        }
    }
}

/// Grids and values for the tests of the kernels that iterate over grids.
#[cfg(test)]
pub(super) mod tests {
    use super::Grid;
    use crate::fused::channels_last::Image;
    use crate::random::Stream;

    /// A flat sample, and images with and without borders, of the same shape in and out.
    pub fn grids() -> Vec<[Grid; 2]> {
        let flat = |values: usize| Grid { channels: values, image: Image::new(values, [1, 1]) };
        let image = |channels, before, after| Grid {
            channels,
            image: Image { channels: 16, size: [3, 2], before, after },
        };
        vec![
            [flat(7), flat(7)],
            [image(5, [0, 0], [0, 0]), image(5, [1, 2], [0, 1])],
            [image(3, [1, 0], [2, 1]), image(3, [0, 0], [0, 0])],
        ]
    }

    /// `samples` samples of random values without padding, channel by channel.
    pub fn random(grid: &Grid, samples: usize, seed: u64) -> Vec<Vec<f32>> {
        let mut stream = Stream::new([seed, samples as u64]);
        let mut sample = || (0..grid.values()).map(|_| stream.normal() as f32).collect();
        (0..samples).map(|_| sample()).collect()
    }

    /// The samples in the layout of `grid`, with `rest` as padding.
    pub fn scatter(grid: &Grid, samples: &[Vec<f32>], rest: f32) -> Vec<f32> {
        let mut memory = vec![rest; grid.len() * samples.len()];
        for (sample, values) in samples.iter().enumerate() {
            super::each_value(grid, grid, |from, _, i| memory[sample * grid.len() + from] = values[i]);
        }
        memory
    }

    /// The samples without padding: the inverse of [`scatter`].
    pub fn gather(grid: &Grid, memory: &[f32]) -> Vec<Vec<f32>> {
        let sample = |memory: &[f32]| {
            let mut values = vec![0.0; grid.values()];
            super::each_value(grid, grid, |from, _, i| values[i] = memory[from]);
            values
        };
        memory.chunks(grid.len()).map(sample).collect()
    }

    /// Fails unless both are equal up to rounding.
    pub fn assert_close(found: &[Vec<f32>], expected: &[Vec<f64>], what: &str) {
        assert_eq!(found.len(), expected.len(), "{what}");
        for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
            let close = (f64::from(*found) - expected).abs() <= 1e-5 * (1.0 + expected.abs());
            assert!(close, "{what}: {found} instead of {expected}");
        }
    }
}
