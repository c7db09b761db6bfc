//! Images to flat samples and back: from channels last to channel by channel, as PyTorch flattens. Blocks
//! of sixteen pixels by sixteen channels are transposed at once.

use super::Image;
use crate::simd::disjoint::Disjoint;
use crate::simd::holds;
use crate::simd::lanes::{self, Isa, Kernel, Lanes, WIDTH, array};
use crate::simd::team::Team;

/// The memory layouts of flat samples and of images, which have no border and whole vectors of channels.
#[derive(Clone, Copy, Debug)]
pub struct Flattening {
    /// Channels without padding.
    channels: usize,
    /// Channels of one pixel in memory.
    stride: usize,
    /// Pixels of an image.
    pixels: usize,
    /// Values of one flat sample in memory.
    row: usize,
}

impl Flattening {
    /// From `channels` channels of `image` to rows of `row` values in memory.
    ///
    /// # Panics
    /// If the image has a border or channels that do not fill whole vectors, or the row is too short.
    #[must_use]
    pub fn new(image: &Image, channels: usize, row: usize) -> Self {
        assert!(*image == Image::new(image.channels, image.size), "a border");
        assert!(image.is_countable(), "{image:?} is too large");
        assert!(image.channels.is_multiple_of(WIDTH) && channels <= image.channels, "channels");
        let pixels = image.size[0] * image.size[1];
        assert!(holds(row, &[channels, pixels]), "values of a row");
        Self { channels, stride: image.channels, pixels, row }
    }

    /// Images to rows.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn forward(self, team: &mut Team, isa: Isa, samples: usize, images: &[f32], rows: &mut [f32]) {
        self.check(samples, images.len(), rows.len());
        assert!(isa.available(), "{isa:?}");
        let rows = Disjoint::new(rows);
        team.run(samples, |sample, _| {
            let image = images[sample * self.image()..].as_ptr();
            // SAFETY: the slices hold all samples, each of which is written by one thread; the image
            // is only read.
            unsafe { self.to_row(isa, image, rows.at(sample * self.row)) }
        });
    }

    /// Rows back to images, for the gradient. Padding channels become 0.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn backward(self, team: &mut Team, isa: Isa, samples: usize, rows: &[f32], images: &mut [f32]) {
        self.check(samples, images.len(), rows.len());
        assert!(isa.available(), "{isa:?}");
        let images = Disjoint::new(images);
        team.run(samples, |sample, _| {
            let row = rows[sample * self.row..].as_ptr();
            // SAFETY: the slices hold all samples, each of which is written by one thread; the row is only
            // read.
            unsafe { self.to_image(isa, row, images.at(sample * self.image())) }
        });
    }

    /// One image to its row.
    ///
    /// # Safety
    /// The machine must have the instructions, and both must be in memory.
    pub(super) unsafe fn to_row(self, isa: Isa, image: *const f32, row: *mut f32) {
        // SAFETY: guaranteed by the caller; the image is only read.
        unsafe { lanes::run(isa, Sample::<true> { layout: self, image: image.cast_mut(), row }) }
    }

    /// One row back to its image. Padding channels become 0.
    ///
    /// # Safety
    /// The machine must have the instructions, and both must be in memory.
    pub(super) unsafe fn to_image(self, isa: Isa, row: *const f32, image: *mut f32) {
        // SAFETY: guaranteed by the caller; the row is only read.
        unsafe { lanes::run(isa, Sample::<false> { layout: self, image, row: row.cast_mut() }) }
    }

    /// The number of values of one flat sample in memory.
    pub(super) fn row(&self) -> usize {
        self.row
    }

    /// # Panics
    /// If the slices are too short for that many samples.
    fn check(&self, samples: usize, images: usize, rows: usize) {
        assert!(holds(images, &[samples, self.image()]) && holds(rows, &[samples, self.row]), "samples");
    }

    fn image(&self) -> usize {
        self.pixels * self.stride
    }
}

/// One sample, to the row if `FORWARD`, otherwise to the image.
struct Sample<const FORWARD: bool> {
    layout: Flattening,
    image: *mut f32,
    row: *mut f32,
}

impl<const FORWARD: bool> Kernel for Sample<FORWARD> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Flattening { channels, stride, pixels, .. } = self.layout;
        for channel in (0..channels).step_by(WIDTH) {
            let real = WIDTH.min(channels - channel);
            for pixel in (0..pixels).step_by(WIDTH) {
                let count = WIDTH.min(pixels - pixel);
                let image = self.image.wrapping_add(pixel * stride + channel);
                let row = self.row.wrapping_add(channel * pixels + pixel);
                // SAFETY: `count` pixels and `real` channels are left, and pixels have whole vectors.
                unsafe {
                    let zero = L::splat(0.0);
                    if FORWARD {
                        let pixels_of = array!([zero; 16] i => if i < count { L::load(image.add(i * stride)) } else { zero });
                        let transposed = L::transpose(pixels_of);
                        for i in 0..WIDTH {
                            if i < real {
                                transposed[i].store_first(row.add(i * pixels), count);
                            }
                        }
                    } else {
                        let channels_of = array!([zero; 16] i => if i < real {
                            L::load_first(row.add(i * pixels), count)
                        } else {
                            zero
                        });
                        let transposed = L::transpose(channels_of);
                        for i in 0..WIDTH {
                            if i < count {
                                transposed[i].store(image.add(i * stride));
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_flattened_and_restored() {
        for (channels, size) in [(1_usize, [1, 1]), (3, [5, 3]), (16, [4, 4]), (17, [1, 17]), (40, [7, 9])] {
            let image = Image::new(channels.next_multiple_of(WIDTH), size);
            let pixels = size[0] * size[1];
            let row = (channels * pixels).next_multiple_of(WIDTH);
            let layout = Flattening::new(&image, channels, row);
            let samples = 3;
            let value = |sample: usize, channel: usize, pixel: usize| {
                ((sample * channels + channel) * pixels + pixel + 1) as f32
            };
            let (mut images, mut rows) = (vec![0.0; samples * image.len()], vec![0.0; samples * row]);
            for sample in 0..samples {
                for (channel, pixel) in (0..channels).flat_map(|c| (0..pixels).map(move |p| (c, p))) {
                    images[sample * image.len() + pixel * image.channels + channel] =
                        value(sample, channel, pixel);
                    rows[sample * row + channel * pixels + pixel] = value(sample, channel, pixel);
                }
            }
            for (isa, threads) in Isa::all().flat_map(|isa| [(isa, 1), (isa, 2), (isa, 3)]) {
                let mut team = Team::new(threads);
                // Values after the end of a row are unchanged: 0, as the dense layer needs them.
                let mut flat = vec![0.0; rows.len()];
                layout.forward(&mut team, isa, samples, &images, &mut flat);
                assert!(flat == rows, "{channels} channels of {size:?} with {isa:?}");
                // Padding channels become 0.
                let mut back = vec![f32::NAN; images.len()];
                layout.backward(&mut team, isa, samples, &rows, &mut back);
                assert!(back == images, "{channels} channels of {size:?} with {isa:?}, backward");
            }
        }
    }

    #[test]
    #[should_panic(expected = "values of a row")]
    fn a_row_that_is_too_short_is_refused() {
        let _ = Flattening::new(&Image::new(16, [3, 3]), 2, 17);
    }
}
