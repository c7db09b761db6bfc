//! Tiles of 4x4 pixels, and the gradients of their 2x2 outputs, in transformed form.

use std::ops::Range;

use super::{Pixels, Tiling};
use crate::simd::lanes::{Lanes, WIDTH, array};

/// A block of tiles to transform.
pub struct TransformTiles {
    pub tiling: Tiling,
    /// The tiles.
    pub block: Range<usize>,
    /// The image, with its border.
    pub pixels: Pixels,
    /// `[16, tiles, channels]`: the result.
    pub values: *mut f32,
}

impl TransformTiles {
    /// `Bᵀ d B` of each tile `d` of 4x4 pixels. Pixels beyond the memory of the image count as 0.
    ///
    /// # Safety
    /// The machine must have the instruction set, and the layouts given for the fields must be in memory.
    #[inline(always)]
    pub unsafe fn pixels<L: Lanes>(&self) {
        let Pixels { size, .. } = self.pixels;
        for tile in self.block.clone() {
            let [row, column] = self.tiling.first(tile);
            let inside = [4.min(size[0] - row), 4.min(size[1] - column)];
            // SAFETY: guaranteed by the caller.
            unsafe {
                if inside == [4, 4] {
                    self.tile::<L, true>(tile, inside);
                } else {
                    self.tile::<L, false>(tile, inside);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn tile<L: Lanes, const WHOLE: bool>(&self, tile: usize, inside: [usize; 2]) {
        let Pixels { values, row, channels, .. } = self.pixels;
        let [y, x] = self.tiling.first(tile);
        for channel in (0..channels).step_by(WIDTH) {
            // SAFETY: guaranteed by the caller, who says how many rows and columns are in memory.
            unsafe {
                let from = values.add(y * row + x * channels + channel);
                let zero = L::splat(0.0);
                let mut rows = [[zero; 4]; 4];
                for j in 0..4 {
                    let pixels = array!([zero; 4] i => if WHOLE || (i < inside[0] && j < inside[1]) {
                        L::load(from.add(i * row + j * channels))
                    } else {
                        zero
                    });
                    let column = four_pixels(pixels);
                    for i in 0..4 {
                        rows[i][j] = column[i];
                    }
                }
                for i in 0..4 {
                    self.store(tile, channel, i, four_pixels(rows[i]));
                }
            }
        }
    }

    /// `A d Aᵀ` of the gradients `d` of the 2x2 outputs of each tile; the image has a border of zeros behind it.
    ///
    /// # Safety
    /// The machine must have the instruction set, and the layouts given for the fields must be in memory.
    #[inline(always)]
    pub unsafe fn gradients<L: Lanes>(&self) {
        let Pixels { values, row, channels, .. } = self.pixels;
        for tile in self.block.clone() {
            let [y, x] = self.tiling.first(tile);
            for channel in (0..channels).step_by(WIDTH) {
                // SAFETY: guaranteed by the caller.
                unsafe {
                    let from = values.add(y * row + x * channels + channel);
                    let left = two_gradients([L::load(from), L::load(from.add(row))]);
                    let right = from.add(channels);
                    let right = two_gradients([L::load(right), L::load(right.add(row))]);
                    for i in 0..4 {
                        self.store(tile, channel, i, two_gradients([left[i], right[i]]));
                    }
                }
            }
        }
    }

    /// Stores sixteen channels of row `row` of a transformed tile.
    #[inline(always)]
    unsafe fn store<L: Lanes>(&self, tile: usize, channel: usize, row: usize, four: [L; 4]) {
        let channels = self.pixels.channels;
        let point = self.block.len() * channels;
        for j in 0..4 {
            let at = (4 * row + j) * point + (tile - self.block.start) * channels + channel;
            // SAFETY: guaranteed by the caller.
            unsafe { four[j].store(self.values.add(at)) };
        }
    }
}

/// `Bᵀ` times a column.
#[inline(always)]
fn four_pixels<L: Lanes>([a, b, c, d]: [L; 4]) -> [L; 4] {
    [a - c, b + c, c - b, b - d]
}

/// `A` times a column.
#[inline(always)]
fn two_gradients<L: Lanes>([a, b]: [L; 2]) -> [L; 4] {
    [a, a + b, a - b, b.splat_like(0.0) - b]
}
