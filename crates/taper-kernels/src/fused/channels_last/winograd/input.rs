//! Tiles of pixels, and the gradients of the outputs of small ones, in transformed form.

use std::ops::Range;

use super::transforms::{self, SMALL};
use super::{Pixels, Tiling};
use crate::simd::lanes::{Lanes, WIDTH, array};

/// A block of tiles to transform.
pub struct TransformTiles {
    pub tiling: Tiling,
    /// The tiles.
    pub block: Range<usize>,
    /// The image, with its border.
    pub pixels: Pixels,
    /// `[points, tiles, channels]`: the result.
    pub values: *mut f32,
}

impl TransformTiles {
    /// `Bᵀ d B` of each tile `d` of `N` times `N` pixels. Pixels beyond the memory of the image count as 0.
    ///
    /// # Safety
    /// The machine must have the instruction set, and the layouts given for the fields must be in memory.
    #[inline(always)]
    pub unsafe fn pixels<L: Lanes, const N: usize>(&self) {
        let Pixels { size, .. } = self.pixels;
        for tile in self.block.clone() {
            let [row, column] = self.tiling.first(tile);
            let inside = [N.min(size[0] - row), N.min(size[1] - column)];
            // SAFETY: guaranteed by the caller.
            unsafe {
                if inside == [N; 2] {
                    self.tile::<L, N, true>(tile, inside);
                } else {
                    self.tile::<L, N, false>(tile, inside);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn tile<L: Lanes, const N: usize, const WHOLE: bool>(&self, tile: usize, inside: [usize; 2]) {
        let Pixels { values, row, channels, .. } = self.pixels;
        let [y, x] = self.tiling.first(tile);
        for channel in (0..channels).step_by(WIDTH) {
            // SAFETY: guaranteed by the caller, who gives the number of rows and columns in memory.
            unsafe {
                let from = values.add(y * row + x * channels + channel);
                let zero = L::splat(0.0);
                let mut rows = [[zero; N]; N];
                for j in 0..N {
                    let pixels = array!([zero; N] i => if WHOLE || (i < inside[0] && j < inside[1]) {
                        L::load(from.add(i * row + j * channels))
                    } else {
                        zero
                    });
                    let column = transforms::pixels(pixels);
                    for i in 0..N {
                        rows[i][j] = column[i];
                    }
                }
                for i in 0..N {
                    self.store(tile, channel, i, transforms::pixels(rows[i]));
                }
            }
        }
    }

    /// `A d Aᵀ` of the gradients `d` of the 2x2 outputs of each tile; the image is followed by a border of
    /// zeros.
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
                    let left = transforms::gradients([L::load(from), L::load(from.add(row))]);
                    let right = from.add(channels);
                    let right = transforms::gradients([L::load(right), L::load(right.add(row))]);
                    for i in 0..SMALL {
                        self.store(tile, channel, i, transforms::gradients([left[i], right[i]]));
                    }
                }
            }
        }
    }

    /// Stores sixteen channels of row `row` of a transformed tile.
    #[inline(always)]
    unsafe fn store<L: Lanes, const N: usize>(
        &self,
        tile: usize,
        channel: usize,
        row: usize,
        values: [L; N],
    ) {
        let channels = self.pixels.channels;
        let point = self.block.len() * channels;
        for j in 0..N {
            let at = (N * row + j) * point + (tile - self.block.start) * channels + channel;
            // SAFETY: guaranteed by the caller.
            unsafe { values[j].store(self.values.add(at)) };
        }
    }
}
