//! Blurring of a plane with the same filter along columns and lines.

use crate::simd::lanes::{self, Isa, Kernel, Lanes, WIDTH};

/// A filter that is applied along lines, then along columns. Outside of the plane, values are 0. Its memory is reused.
pub struct Blur {
    taps: Vec<f32>,
    /// A line with zeros around it.
    line: Vec<f32>,
    /// The plane after the first pass, in lines of whole vectors.
    between: Vec<f32>,
}

impl Blur {
    /// A filter with these factors: of the values from r before a value to r after it, for a radius r.
    ///
    /// # Panics
    /// If their number is even.
    #[must_use]
    pub fn new(taps: Vec<f32>) -> Self {
        assert!(!taps.len().is_multiple_of(2), "as many factors before a value as after it");
        Self { taps, line: Vec::new(), between: Vec::new() }
    }

    /// Blurs `plane` of height and width `size`.
    ///
    /// # Panics
    /// If the length does not match, or the machine does not have the instructions of `isa`.
    pub fn run(&mut self, isa: Isa, plane: &mut [f32], size: [usize; 2]) {
        assert!(isa.available(), "{isa:?}");
        let [height, width] = size;
        assert_eq!(plane.len(), height * width, "a whole plane");
        let vectors = width.next_multiple_of(WIDTH);
        self.line.clear();
        self.line.resize(vectors + self.taps.len() - 1, 0.0);
        self.between.clear();
        self.between.resize(height * vectors, 0.0);
        // SAFETY: the machine has the instructions; the lengths are those required.
        unsafe { lanes::run(isa, Pass { blur: self, plane, size }) }
    }
}

/// Both passes over a plane.
struct Pass<'a> {
    blur: &'a mut Blur,
    plane: &'a mut [f32],
    size: [usize; 2],
}

impl Kernel for Pass<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Blur { taps, line, between } = self.blur;
        let [height, width] = self.size;
        let (radius, vectors) = (taps.len() / 2, width.next_multiple_of(WIDTH));
        assert!(self.plane.len() == height * width && between.len() == height * vectors, "whole planes");
        assert_eq!(line.len(), vectors + taps.len() - 1, "a line with its neighbors");
        // SAFETY: the caller guarantees the instructions. A vector of a line starts at most at `vectors` - 16, and with an
        // offset below the number of taps it ends within the line; lines of `between` have `vectors` values; `count`
        // values are left in a line of the plane.
        unsafe {
            for (from, to) in self.plane.chunks_exact(width).zip(between.chunks_exact_mut(vectors)) {
                line[radius..radius + width].copy_from_slice(from);
                for first in (0..vectors).step_by(WIDTH) {
                    let from = line.as_ptr().add(first);
                    weighted::<L>(from, 1, taps).store(to.as_mut_ptr().add(first));
                }
            }
            for (at, to) in self.plane.chunks_exact_mut(width).enumerate() {
                let (from, until) = (at.saturating_sub(radius), (at + radius + 1).min(height));
                for first in (0..width).step_by(WIDTH) {
                    let taps = &taps[from + radius - at..until + radius - at];
                    let sum = weighted::<L>(between.as_ptr().add(from * vectors + first), vectors, taps);
                    let count = (width - first).min(WIDTH);
                    sum.store_first(to[first..].as_mut_ptr(), count);
                }
            }
        }
    }
}

/// The sum of vectors times `taps`; each vector starts `stride` values after the one before. Four sums, because one would wait
/// for each of its additions.
///
/// # Safety
/// The machine must have the instruction set; as many vectors as taps must be readable.
#[inline(always)]
unsafe fn weighted<L: Lanes>(from: *const f32, stride: usize, taps: &[f32]) -> L {
    // SAFETY: guaranteed by the caller.
    unsafe {
        let mut sums = [L::splat(0.0); 4];
        let (whole, rest) = taps.as_chunks::<4>();
        for (i, taps) in whole.iter().enumerate() {
            for j in 0..4 {
                sums[j] = L::load(from.add((4 * i + j) * stride)).mul_add(L::splat(taps[j]), sums[j]);
            }
        }
        for (j, tap) in rest.iter().enumerate() {
            sums[j] = L::load(from.add((4 * whole.len() + j) * stride)).mul_add(L::splat(*tap), sums[j]);
        }
        (sums[0] + sums[1]) + (sums[2] + sums[3])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn reference(plane: &[f32], [height, width]: [usize; 2], taps: &[f32]) -> Vec<f64> {
        let radius = taps.len() / 2;
        // The neighbors of a place with their factors, as far as they are inside.
        let near = |at: usize, size: usize| {
            let places =
                taps.iter().enumerate().map(move |(i, tap)| ((at + i).checked_sub(radius), f64::from(*tap)));
            places.filter_map(move |(place, tap)| Some((place.filter(|place| *place < size)?, tap)))
        };
        let sum = |at: usize| -> f64 {
            let pairs = near(at / width, height)
                .flat_map(|(y, a)| near(at % width, width).map(move |(x, b)| (y * width + x, a * b)));
            pairs.map(|(place, factor)| factor * f64::from(plane[place])).sum()
        };
        (0..height * width).map(sum).collect()
    }

    /// Factors with sum 1.
    fn taps(radius: usize, stream: &mut Stream) -> Vec<f32> {
        let taps: Vec<f64> = (0..=2 * radius).map(|_| stream.uniform_in(0.1, 1.0)).collect();
        let sum: f64 = taps.iter().sum();
        taps.into_iter().map(|tap| (tap / sum) as f32).collect()
    }

    #[test]
    fn every_instruction_set_agrees_with_the_reference_and_with_the_others() {
        let mut stream = Stream::new([3, 4]);
        for (size, radius) in [([1, 1], 6), ([28, 28], 12), ([5, 33], 3), ([9, 16], 0)] {
            let plane: Vec<f32> =
                (0..size[0] * size[1]).map(|_| stream.uniform_in(-1.0, 1.0) as f32).collect();
            let mut blur = Blur::new(taps(radius, &mut stream));
            let expected = reference(&plane, size, &blur.taps);
            let mut bits: Option<Vec<u32>> = None;
            for isa in Isa::all() {
                let mut found = plane.clone();
                blur.run(isa, &mut found, size);
                for (found, expected) in found.iter().zip(&expected) {
                    assert!((f64::from(*found) - expected).abs() < 1e-6, "{isa:?} {size:?}");
                }
                let own: Vec<u32> = found.iter().map(|value| value.to_bits()).collect();
                assert_eq!(*bits.get_or_insert_with(|| own.clone()), own, "{isa:?}");
            }
        }
    }
}
