//! Samples of a data set into the network's first layout: gathered by index, bytes made numbers,
//! scaled, without a copy in between.

use crate::fused::channels_last::Image;
use crate::simd::disjoint::Disjoint;
use crate::simd::lanes::{self, Isa, Kernel, Lanes, WIDTH};
use crate::simd::parts;
use crate::simd::team::Team;

/// The values of a data set, sample by sample.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// Pixels.
    Bytes(&'a [u8]),
    /// Numbers.
    Floats(&'a [f32]),
}

/// Where values go.
#[derive(Clone, Copy)]
pub enum Order {
    /// As they come, in rows of so many values in memory.
    Flat(usize),
    /// The same, where the reader shares the columns of all samples among the threads, and not the
    /// samples: each thread then writes what it will read.
    Columns(usize),
    /// From channel by channel to pixel by pixel.
    ChannelsLast(Image),
}

/// Samples to be loaded.
pub struct Load<'a> {
    /// Where they come from.
    pub source: Source<'a>,
    /// Which ones.
    pub indices: &'a [usize],
    /// Channels of a sample.
    pub channels: usize,
    /// Values of a channel.
    pub size: usize,
    /// One factor for each channel, or one for all.
    pub scale: &'a [f32],
    /// What is then added: as many numbers.
    pub shift: &'a [f32],
    /// Where their values go.
    pub order: Order,
}

/// How many samples ahead memory is asked for: those of a batch lie anywhere in the data set, which no
/// processor sees coming. A row of MNIST's bytes then takes 0.15 us instead of 0.3.
const AHEAD: usize = 4;

/// How much of a sample is asked for, in bytes: behind that the processor has seen where it goes.
const ASKED: usize = 4096;

impl Load<'_> {
    /// Writes the samples to `to`, one after the other: a value of channel c becomes
    /// `value * scale[c] + shift[c]`. What lies between them, such as borders, stays as it is.
    ///
    /// # Panics
    /// If an index is behind the last sample, `to` is too short, or sizes do not belong together.
    pub fn run(self, team: &mut Team, isa: Isa, to: &mut [f32]) {
        let Self { source, indices, channels, size, scale, shift, order } = self;
        assert!(isa.available(), "{isa:?}");
        assert!(
            [1, channels].contains(&scale.len()) && shift.len() == scale.len(),
            "factors for all channels"
        );
        let row = match order {
            Order::Flat(row) | Order::Columns(row) => {
                assert!(row >= channels * size, "room for a sample");
                row
            }
            Order::ChannelsLast(image) => {
                assert_eq!(size, image.size[0] * image.size[1], "the image's pixels");
                assert!(channels <= image.channels, "room for all channels");
                image.len()
            }
        };
        let values = channels * size;
        if matches!(order, Order::Columns(_)) && scale.len() == 1 {
            // Values do not depend on the parts, and long runs of a sample are read faster.
            let len = values.div_ceil(team.threads()).next_multiple_of(WIDTH);
            assert!(
                indices.len().checked_mul(row).is_some_and(|needed| needed <= to.len()),
                "room for all samples"
            );
            let (to, factors) = (Disjoint::new(to), [scale[0], shift[0]]);
            team.run(values.div_ceil(len), |part, _| {
                let range = part * len..values.min((part + 1) * len);
                for (sample, &index) in indices.iter().enumerate() {
                    let own =
                        |index: usize| source.part(index * values + range.start..index * values + range.end);
                    if let Some(&next) = indices.get(sample + AHEAD) {
                        own(next).ask_for();
                    }
                    // SAFETY: within `to`, as checked above, and parts have different columns.
                    let to = unsafe { to.part(sample * row + range.start..sample * row + range.end) };
                    scaled(isa, own(index), factors, to);
                }
            });
            return;
        }
        parts::for_each(team, indices.len(), [(to, row)], |part, [to]| {
            if let Some(&next) = indices.get(part + AHEAD) {
                source.part(next * values..(next + 1) * values).ask_for();
            }
            let start = indices[part] * values;
            // One factor for all channels is one run over the whole sample.
            let (runs, len) = if scale.len() == 1 { (1, values) } else { (channels, size) };
            for run in 0..runs {
                let source = source.part(start + run * len..start + (run + 1) * len);
                let factors = [scale[run], shift[run]];
                match order {
                    Order::ChannelsLast(image) if image != Image::new(1, image.size) => {
                        scatter(isa, source, factors, [run * len, size], &image, to);
                    }
                    _ => scaled(isa, source, factors, &mut to[run * len..(run + 1) * len]),
                }
            }
        });
    }
}

impl Source<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Floats(floats) => floats.len(),
        }
    }

    fn part(&self, range: std::ops::Range<usize>) -> Self {
        match self {
            Self::Bytes(bytes) => Self::Bytes(&bytes[range]),
            Self::Floats(floats) => Self::Floats(&floats[range]),
        }
    }

    /// Has the values fetched into the cache, while other work goes on.
    fn ask_for(&self) {
        match self {
            Self::Bytes(bytes) => fetch(bytes),
            Self::Floats(floats) => fetch(floats),
        }
    }
}

/// A hint, where the language has one.
fn fetch<T>(values: &[T]) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    for line in values.chunks(64 / size_of::<T>()).take(ASKED / 64) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every x86_64 has the instruction, which only asks, at an address within the slice.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) }
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = values;
}

/// Scales a run that starts at value `start` of a sample of channels of `size` values, to its pixels.
fn scatter(
    isa: Isa,
    source: Source<'_>,
    factors: [f32; 2],
    [start, size]: [usize; 2],
    image: &Image,
    to: &mut [f32],
) {
    let [height, width] = image.size;
    let (mut channel, pixel) = (start / size, start % size);
    let (mut row, mut column) = (pixel / width, pixel % width);
    let mut buffer = [0.0; 16 * WIDTH];
    for first in (0..source.len()).step_by(buffer.len()) {
        let source = source.part(first..source.len().min(first + buffer.len()));
        let mut values = &mut buffer[..source.len()];
        scaled(isa, source, factors, values);
        // Row by row, so that no value asks for its place.
        while !values.is_empty() {
            let run = values.len().min(width - column);
            let pixels = to[image.pixel(row, column) + channel..].iter_mut().step_by(image.channels);
            pixels.zip(&values[..run]).for_each(|(to, value)| *to = *value);
            values = &mut values[run..];
            column += run;
            if column == width {
                (row, column) = (row + 1, 0);
            }
            if row == height {
                (channel, row) = (channel + 1, 0);
            }
        }
    }
}

fn scaled(isa: Isa, source: Source<'_>, factors: [f32; 2], to: &mut [f32]) {
    // SAFETY: `Load::run` has checked that the machine has the instructions.
    unsafe { lanes::run(isa, Scaled { source, factors, to }) }
}

/// One run of values, scaled.
struct Scaled<'a> {
    source: Source<'a>,
    factors: [f32; 2],
    to: &'a mut [f32],
}

impl Kernel for Scaled<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        assert_eq!(self.source.len(), self.to.len(), "a place for each value");
        // SAFETY: the caller promises the instructions; `count` values are left in both slices.
        unsafe {
            let (scale, shift) = (L::splat(self.factors[0]), L::splat(self.factors[1]));
            for (block, to) in self.to.chunks_mut(WIDTH).enumerate() {
                let (at, count) = (block * WIDTH, to.len());
                let values = match self.source {
                    Source::Bytes(bytes) if count == WIDTH => L::load_bytes(bytes[at..].as_ptr()),
                    Source::Bytes(bytes) => {
                        let mut rest = [0; WIDTH];
                        rest[..count].copy_from_slice(&bytes[at..]);
                        L::load_bytes(rest.as_ptr())
                    }
                    Source::Floats(floats) => L::load_first(floats[at..].as_ptr(), count),
                };
                values.mul_add(scale, shift).store_first(to.as_mut_ptr(), count);
            }
        }
    }
}

#[cfg(test)]
mod tests;
