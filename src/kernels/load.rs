//! Samples of a data set into the network's first layout: gathered by index, bytes made numbers,
//! scaled, without a copy in between.

use super::channels_last::Image;
use super::lanes::{self, Isa, Kernel, Lanes, WIDTH};
use super::parts;
use super::team::Team;

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
    /// From channel by channel to pixel by pixel.
    ChannelsLast(Image),
}

/// Writes the samples at `indices` to `to`. Each has `channels` channels of `size` values; a value of
/// channel c becomes `value * scale[c] + shift[c]`, where one factor may stand for all channels.
///
/// # Panics
/// If an index is behind the last sample, or `to` is too short.
pub fn load(
    team: &mut Team,
    isa: Isa,
    source: Source<'_>,
    indices: &[usize],
    [channels, size]: [usize; 2],
    [scale, shift]: [&[f32]; 2],
    order: Order,
    to: &mut [f32],
) {
    assert!(isa.available(), "{isa:?}");
    let row = match order {
        Order::Flat(row) => row,
        Order::ChannelsLast(image) => image.len(),
    };
    assert!(row >= channels * size || indices.is_empty(), "room for a sample");
    parts::for_each(team, indices.len(), [(to, row)], |part, [to]| {
        let start = indices[part] * channels * size;
        // One factor for all channels is one run over the whole sample.
        let (runs, len) = if scale.len() == 1 { (1, channels * size) } else { (channels, size) };
        for run in 0..runs {
            let source = source.part(start + run * len..start + (run + 1) * len);
            let factors = [scale[run % scale.len()], shift[run % shift.len()]];
            match order {
                Order::ChannelsLast(image) if image != Image::new(1, image.size) => {
                    scatter(isa, source, factors, [run * len, size], &image, to);
                }
                _ => scaled(isa, source, factors, &mut to[run * len..(run + 1) * len]),
            }
        }
    });
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
    let mut buffer = [0.0; 16 * WIDTH];
    for first in (0..source.len()).step_by(buffer.len()) {
        let source = source.part(first..source.len().min(first + buffer.len()));
        let values = &mut buffer[..source.len()];
        scaled(isa, source, factors, values);
        for (i, &value) in values.iter().enumerate() {
            let (channel, pixel) = ((start + first + i) / size, (start + first + i) % size);
            to[image.pixel(pixel / image.size[1], pixel % image.size[1]) + channel] = value;
        }
    }
}

fn scaled(isa: Isa, source: Source<'_>, factors: [f32; 2], to: &mut [f32]) {
    // SAFETY: `load` has checked that the machine has the instructions.
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
