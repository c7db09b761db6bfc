//! Resampling of an image under a map of coordinates, with bilinear interpolation.
//!
//! Pixel centers have integer coordinates. The value at (x, y) is interpolated linearly between the four pixels
//! around it, as PyTorch's `grid_sample` does with `align_corners = True`; a map between integer coordinates
//! copies pixels exactly.

use crate::simd::lanes::{self, Isa, Kernel, Lanes, WIDTH};

/// The values outside of an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Border {
    /// This value everywhere. Between it and the outermost pixels, values are interpolated.
    Constant(f32),
    /// The nearest pixel.
    Edge,
    /// The image, reflected once at the centers of its outermost pixels; beyond that, the nearest pixel.
    Reflect,
}

/// An affine map of output coordinates to source coordinates: rows for column and line, each with the factors of
/// column and line and a constant.
pub type Map = [[f64; 3]; 2];

/// The number of values before each line and plane of a padded image.
const BEFORE: usize = 1;
/// The number of values that padding adds to lines and planes: interpolation reads the neighbor after a pixel, also
/// of the first one after the image.
const PADDING: usize = 3;

/// An image prepared for resampling; its memory is reused.
#[derive(Default)]
pub struct Resampled {
    padded: Vec<f32>,
}

/// One image to resample.
struct Image<'a> {
    /// Planes of height + 3 lines of width + 3 values.
    padded: &'a [f32],
    size: [usize; 2],
    map: Map,
    /// Added to the output coordinates before the map: columns, then lines, one value for each pixel.
    offsets: Option<[&'a [f32]; 2]>,
    border: Border,
    to: &'a mut [f32],
}

impl Resampled {
    /// Replaces each pixel p of `image`, planes of `size` (height and width), by the value at `map`(p), or at
    /// `map`(p + offset) with `offsets`: of columns and of lines, in pixels, for every pixel of a plane.
    ///
    /// # Panics
    /// If the lengths do not match, or the machine does not have the instructions of `isa`.
    pub fn run(
        &mut self,
        isa: Isa,
        image: &mut [f32],
        size: [usize; 2],
        map: Map,
        offsets: Option<[&[f32]; 2]>,
        border: Border,
    ) {
        assert!(isa.available(), "{isa:?}");
        let [height, width] = size;
        let pixels = height * width;
        assert!(pixels > 0 && image.len().is_multiple_of(pixels), "whole planes");
        for offsets in offsets.iter().flatten() {
            assert_eq!(offsets.len(), pixels, "an offset for each pixel");
        }
        self.pad(image, size, border);
        // SAFETY: the machine has the instructions; the lengths are those of the padded image.
        unsafe { lanes::run(isa, Image { padded: &self.padded, size, map, offsets, border, to: image }) }
    }

    fn pad(&mut self, image: &[f32], [height, width]: [usize; 2], border: Border) {
        let fill = if let Border::Constant(fill) = border { fill } else { 0.0 };
        let stride = width + PADDING;
        let planes = image.len() / (height * width);
        self.padded.clear();
        self.padded.resize(planes * (height + PADDING) * stride, fill);
        for (plane, from) in image.chunks_exact(height * width).enumerate() {
            let start = (plane * (height + PADDING) + BEFORE) * stride + BEFORE;
            for (line, from) in from.chunks_exact(width).enumerate() {
                self.padded[start + line * stride..][..width].copy_from_slice(from);
            }
        }
    }
}

impl Kernel for Image<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let [height, width] = self.size;
        let (stride, pixels) = (width + PADDING, height * width);
        let plane = (height + PADDING) * stride;
        let planes = self.to.len() / pixels;
        assert_eq!(self.padded.len(), planes * plane, "a padded image");
        let [columns, lines] = self.map.map(|row| row.map(|factor| factor as f32));
        let mut ramp = [0.0; WIDTH];
        for (i, value) in ramp.iter_mut().enumerate() {
            *value = i as f32;
        }
        // SAFETY: the caller guarantees the instructions. Coordinates are clamped to the padded plane but for its last
        // line and column, so that a pixel and its neighbors to the right and below are within it; `count` pixels are
        // left in the line of the output and of the offsets.
        unsafe {
            let ramp = L::load(ramp.as_ptr());
            for line in 0..height {
                for first in (0..width).step_by(WIDTH) {
                    let (count, at) = ((width - first).min(WIDTH), line * width + first);
                    let mut x = ramp + L::splat(first as f32);
                    let mut y = L::splat(line as f32);
                    if let Some([of_column, of_line]) = self.offsets {
                        x = x + L::load_first(of_column[at..].as_ptr(), count);
                        y = y + L::load_first(of_line[at..].as_ptr(), count);
                    }
                    let [x, y] = [columns, lines].map(|[by_x, by_y, constant]| {
                        x.mul_add(L::splat(by_x), y.mul_add(L::splat(by_y), L::splat(constant)))
                    });
                    let x = place(x, width, self.border).to_array();
                    let y = place(y, height, self.border).to_array();
                    let (mut index, mut right, mut below) = ([0_usize; WIDTH], [0.0; WIDTH], [0.0; WIDTH]);
                    for i in 0..WIDTH {
                        // `place` returns numbers from 0 to the size + 1.
                        let (column, line) = (x[i].to_int_unchecked::<i32>(), y[i].to_int_unchecked::<i32>());
                        right[i] = x[i] - column as f32;
                        below[i] = y[i] - line as f32;
                        index[i] = line as usize * stride + column as usize;
                    }
                    let (right, below) = (L::load(right.as_ptr()), L::load(below.as_ptr()));
                    for own in 0..planes {
                        let from = self.padded.as_ptr().add(own * plane);
                        let mut corners = [[0.0; WIDTH]; 4];
                        for i in 0..WIDTH {
                            let corner = from.add(index[i]);
                            corners[0][i] = corner.read();
                            corners[1][i] = corner.add(1).read();
                            corners[2][i] = corner.add(stride).read();
                            corners[3][i] = corner.add(stride + 1).read();
                        }
                        let [a, b, c, d] = corners.map(|values| L::load(values.as_ptr()));
                        let upper = (b - a).mul_add(right, a);
                        let lower = (d - c).mul_add(right, c);
                        let value = (lower - upper).mul_add(below, upper);
                        value.store_first(self.to[own * pixels + at..].as_mut_ptr(), count);
                    }
                }
            }
        }
    }
}

/// The coordinate in a padded line or plane: from 0 to `size` + 1. NaN becomes the least.
#[inline(always)]
fn place<L: Lanes>(coordinate: L, size: usize, border: Border) -> L {
    let all = |value: f32| coordinate.splat_like(value);
    let last = size as f32 - 1.0;
    let (within, least, most) = match border {
        Border::Constant(_) => (coordinate, -1.0, last + 1.0),
        Border::Edge => (coordinate, 0.0, last),
        Border::Reflect => {
            let positive = coordinate.select(coordinate.gt(all(0.0)), all(0.0) - coordinate);
            let mirrored = all(2.0 * last) - positive;
            (mirrored.select(positive.gt(mirrored), positive), 0.0, last)
        }
    };
    let at_least = within.select(within.gt(all(least)), all(least));
    let clamped = all(most).select(at_least.gt(all(most)), at_least);
    clamped + all(BEFORE as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    /// The value of a plane at a pixel, which may lie outside.
    fn pixel(image: &[f32], [height, width]: [usize; 2], [x, y]: [isize; 2], border: Border) -> f32 {
        let fold = |at: isize, size: usize| {
            let last = size.cast_signed() - 1;
            match border {
                Border::Constant(_) => Some(at).filter(|at| (0..=last).contains(at)),
                Border::Edge => Some(at.clamp(0, last)),
                Border::Reflect => Some((last - (last - at.abs()).abs()).clamp(0, last)),
            }
        };
        match (fold(x, width), fold(y, height), border) {
            (Some(x), Some(y), _) => image[y.cast_unsigned() * width + x.cast_unsigned()],
            (_, _, Border::Constant(fill)) => fill,
            _ => unreachable!("other borders have a pixel everywhere"),
        }
    }

    /// The plain reference, in f64.
    fn reference(
        image: &[f32],
        size: [usize; 2],
        map: Map,
        offsets: [&[f32]; 2],
        border: Border,
    ) -> Vec<f64> {
        let [height, width] = size;
        let place = |at: usize, row: [f64; 3]| {
            let x = (at % width) as f64 + f64::from(offsets[0][at]);
            let y = (at / width) as f64 + f64::from(offsets[1][at]);
            x * row[0] + y * row[1] + row[2]
        };
        (0..height * width)
            .map(|at| {
                let [x, y] = map.map(|row| place(at, row));
                let (right, below) = (x - x.floor(), y - y.floor());
                let corner = |dx: isize, dy: isize| {
                    f64::from(pixel(image, size, [x.floor() as isize + dx, y.floor() as isize + dy], border))
                };
                let upper = corner(0, 0) * (1.0 - right) + corner(1, 0) * right;
                let lower = corner(0, 1) * (1.0 - right) + corner(1, 1) * right;
                upper * (1.0 - below) + lower * below
            })
            .collect()
    }

    #[test]
    fn every_instruction_set_agrees_with_the_reference_and_with_the_others() {
        let mut stream = Stream::new([1, 2]);
        for (size, planes) in [([1, 1], 1), ([5, 3], 2), ([28, 28], 1), ([7, 40], 3)] {
            let pixels = size[0] * size[1];
            let mut random = |low: f64, high: f64, count: usize| -> Vec<f32> {
                (0..count).map(|_| stream.uniform_in(low, high) as f32).collect()
            };
            let image = random(0.0, 255.0, planes * pixels);
            let offsets = [random(-3.0, 3.0, pixels), random(-3.0, 3.0, pixels)];
            let turn = random(-1.0, 1.0, 6).into_iter().map(f64::from).collect::<Vec<_>>();
            let map = [[turn[0], turn[1], 3.0 * turn[2]], [turn[3], turn[4], 3.0 * turn[5]]];
            for border in [Border::Constant(7.0), Border::Edge, Border::Reflect] {
                let offsets = [&offsets[0][..], &offsets[1][..]];
                let expected: Vec<f64> = image
                    .chunks(pixels)
                    .flat_map(|plane| reference(plane, size, map, offsets, border))
                    .collect();
                let mut bits: Option<Vec<u32>> = None;
                for isa in Isa::all() {
                    let mut found = image.clone();
                    Resampled::default().run(isa, &mut found, size, map, Some(offsets), border);
                    for (found, expected) in found.iter().zip(&expected) {
                        assert!((f64::from(*found) - expected).abs() < 5e-3, "{border:?} {size:?}");
                    }
                    let own: Vec<u32> = found.iter().map(|value| value.to_bits()).collect();
                    assert_eq!(*bits.get_or_insert_with(|| own.clone()), own, "{isa:?}");
                }
            }
        }
    }

    #[test]
    fn whole_pixels_are_copied_exactly() {
        let image: Vec<f32> = (0..20 * 3).map(|i| (i * i * 7 % 31) as f32 / 3.0).collect();
        let mut flipped = image.clone();
        let mirror = [[-1.0, 0.0, 19.0], [0.0, 1.0, 0.0]];
        Resampled::default().run(Isa::detect(), &mut flipped, [3, 20], mirror, None, Border::Constant(0.0));
        for (line, flipped) in image.chunks(20).zip(flipped.chunks(20)) {
            assert!(line.iter().rev().eq(flipped));
        }
        let mut moved = image.clone();
        let shift = [[1.0, 0.0, -2.0], [0.0, 1.0, 1.0]];
        Resampled::default().run(Isa::detect(), &mut moved, [3, 20], shift, None, Border::Constant(9.0));
        assert_eq!(moved[..2], [9.0, 9.0]);
        assert_eq!(moved[2..20], image[20..38]);
        assert!(moved[40..].iter().all(|value| *value == 9.0));
    }

    #[test]
    fn coordinates_that_are_no_numbers_stay_within_the_image() {
        for border in [Border::Constant(3.0), Border::Edge, Border::Reflect] {
            for factor in [f64::NAN, f64::INFINITY, -1e300] {
                let mut image = vec![1.0; 4];
                let map = [[factor, 0.0, factor], [0.0, factor, 1.0]];
                Resampled::default().run(Isa::detect(), &mut image, [2, 2], map, None, border);
                assert!(image.iter().all(|value| (1.0..=3.0).contains(value)), "{border:?} {image:?}");
            }
        }
    }
}
