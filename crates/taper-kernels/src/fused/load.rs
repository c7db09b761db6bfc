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
mod tests {
    use super::*;

    /// What lies where nothing is to be written.
    const GUARD: f32 = -7.0;

    /// Loads a batch of seven samples, with repeats, from a data set of five, once of bytes and once of
    /// numbers, with every instruction set, and compares with a plain loop. The batch is longer than the
    /// prefetch distance. `place` says where value i of a channel goes.
    fn check(
        [channels, size]: [usize; 2],
        factors: usize,
        order: Order,
        row: usize,
        place: impl Fn(usize, usize) -> usize,
    ) {
        let bytes: Vec<u8> = (0..5 * channels * size).map(|i| (i * 37 % 256) as u8).collect();
        let floats: Vec<f32> = bytes.iter().map(|&byte| f32::from(byte) * 0.37 - 20.0).collect();
        let scale: Vec<f32> = (0..factors).map(|c| 0.1 + c as f32).collect();
        let shift: Vec<f32> = (0..factors).map(|c| 0.3 - c as f32).collect();
        let indices = [2, 0, 2, 4, 1, 0, 3];
        for (isa, bytewise) in Isa::all().flat_map(|isa| [(isa, true), (isa, false)]) {
            let mut expected = vec![GUARD; indices.len() * row + 5];
            for (to, index) in expected.chunks_exact_mut(row.max(1)).zip(indices) {
                for (c, i) in (0..channels).flat_map(|c| (0..size).map(move |i| (c, i))) {
                    let from = (index * channels + c) * size + i;
                    let value = if bytewise { f32::from(bytes[from]) } else { floats[from] };
                    to[place(c, i)] = isa.mul_add(value, scale[c % factors], shift[c % factors]);
                }
            }
            let source = if bytewise { Source::Bytes(&bytes) } else { Source::Floats(&floats) };
            for threads in if cfg!(miri) { 2..3 } else { 1..4 } {
                let mut to = vec![GUARD; indices.len() * row + 5];
                let load =
                    Load { source, indices: &indices, channels, size, scale: &scale, shift: &shift, order };
                load.run(&mut Team::new(threads), isa, &mut to);
                assert_eq!(to, expected, "{isa:?}, {threads} threads, {channels} channels of {size}");
            }
        }
    }

    /// A side of an image and a number of features, smaller where code is interpreted.
    const SIDE: usize = if cfg!(miri) { 11 } else { 28 };
    const LARGE: usize = SIDE * SIDE;

    #[test]
    fn flat_samples_keep_their_order() {
        for (channels, size) in [(1, 1), (1, 13), (1, 16), (1, LARGE), (3, 5), (3, 16), (4, 21)] {
            for factors in [1, channels] {
                let row = channels * size;
                check([channels, size], factors, Order::Flat(row), row, |c, i| c * size + i);
                check([channels, size], factors, Order::Columns(row + 3), row + 3, |c, i| c * size + i);
                check([channels, size], factors, Order::Flat(row + 9), row + 9, |c, i| c * size + i);
            }
        }
    }

    #[test]
    fn images_go_pixel_by_pixel_within_their_border() {
        for (channels, padded, [height, width]) in [
            (1, 1, [1, 1]),
            (1, 1, [7, 5]),
            (1, 16, [3, 3]),
            (3, 3, [5, 7]),
            (3, 16, [SIDE - 9, SIDE - 5]),
            (2, 2, [SIDE, SIDE]),
        ] {
            for (before, after) in [([0; 2], [0; 2]), ([1, 2], [3, 4])] {
                let image = Image { channels: padded, size: [height, width], before, after };
                let place = |c, i| image.pixel(i / width, i % width) + c;
                for factors in [1, channels] {
                    let order = Order::ChannelsLast(image);
                    check([channels, height * width], factors, order, image.len(), place);
                }
            }
        }
    }

    #[test]
    fn no_sample_writes_nothing() {
        let load = Load {
            source: Source::Bytes(&[]),
            indices: &[],
            channels: 3,
            size: 4,
            scale: &[1.0],
            shift: &[0.0],
            order: Order::Flat(12),
        };
        load.run(&mut Team::new(2), Isa::detect(), &mut []);
    }

    /// Loads sample `index` of two with two channels of three pixels.
    fn load(index: usize, shift: &[f32], order: Order, to: &mut [f32]) {
        let source = Source::Bytes(&[1; 12]);
        let load = Load { source, indices: &[index], channels: 2, size: 3, scale: &[1.0; 2], shift, order };
        load.run(&mut Team::new(1), Isa::detect(), to);
    }

    #[test]
    #[should_panic(expected = "out of range")]
    fn an_index_behind_the_last_sample_is_refused() {
        load(2, &[0.0; 2], Order::Flat(6), &mut [0.0; 6]);
    }

    #[test]
    #[should_panic(expected = "1 parts of 6 in 5 values")]
    fn memory_that_is_too_short_is_refused() {
        load(1, &[0.0; 2], Order::Flat(6), &mut [0.0; 5]);
    }

    #[test]
    #[should_panic(expected = "room for a sample")]
    fn rows_that_are_too_short_are_refused() {
        load(1, &[0.0; 2], Order::Flat(5), &mut [0.0; 6]);
    }

    #[test]
    #[should_panic(expected = "factors")]
    fn factors_that_do_not_belong_together_are_refused() {
        load(1, &[0.0], Order::Flat(6), &mut [0.0; 6]);
    }

    #[test]
    #[should_panic(expected = "pixels")]
    fn an_image_of_another_size_is_refused() {
        load(1, &[0.0; 2], Order::ChannelsLast(Image::new(2, [2, 2])), &mut [0.0; 8]);
    }
}
