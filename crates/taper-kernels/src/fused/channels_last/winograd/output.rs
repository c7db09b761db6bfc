//! The outputs of tiles, from the products of their points.

use std::ops::Range;

use super::super::Image;
use super::super::epilogue::{Epilogue, largest};
use super::Tiling;
use crate::simd::lanes::{Lanes, WIDTH, array};

/// A block of tiles whose products are done, for some panels of filters.
pub struct ToOutputs<'a> {
    pub tiling: Tiling,
    /// The tiles.
    pub block: Range<usize>,
    /// `[16, tiles, panels, 16]`.
    pub products: *const f32,
    /// The first of the panels, their number, and that of all panels of the outputs.
    pub panel: usize,
    pub panels: usize,
    pub all_panels: usize,
    pub epilogue: Epilogue,
    /// The layout of the outputs, and the first value of the image with its border.
    pub image: &'a Image,
    pub output: *mut f32,
    /// `[tiles, panels, 16]`: the index of the largest of each tile's outputs; null if they are not pooled.
    pub argmax: *mut u8,
}

impl ToOutputs<'_> {
    /// `Aᵀ m A` of the products `m` of each tile, with bias, activation and pooling.
    ///
    /// # Safety
    /// The machine must have the instruction set, and the layouts given for the fields must be in memory.
    #[inline(always)]
    pub unsafe fn run<L: Lanes>(&self) {
        let point = self.block.len() * self.panels * WIDTH;
        for tile in self.block.clone() {
            for own in 0..self.panels {
                // SAFETY: guaranteed by the caller.
                unsafe {
                    let from = self.products.add(((tile - self.block.start) * self.panels + own) * WIDTH);
                    let zero = L::splat(0.0);
                    let mut rows = [[zero; 4]; 2];
                    for j in 0..4 {
                        let column =
                            four_products(array!([zero; 4] i => L::load(from.add((4 * i + j) * point))));
                        for i in 0..2 {
                            rows[i][j] = column[i];
                        }
                    }
                    let (above, below) = (four_products(rows[0]), four_products(rows[1]));
                    self.store(tile, self.panel + own, [above[0], above[1], below[0], below[1]]);
                }
            }
        }
    }

    /// Stores the four outputs of a tile that are in the image, or the largest.
    #[inline(always)]
    unsafe fn store<L: Lanes>(&self, tile: usize, panel: usize, four: [L; 4]) {
        let [y, x] = self.tiling.first(tile);
        // SAFETY: guaranteed by the caller.
        unsafe {
            if self.argmax.is_null() {
                let [height, width] = self.image.size;
                for i in 0..4 {
                    let (row, column) = (y + i / 2, x + i % 2);
                    if row < height && column < width {
                        let to = self.output.add(self.image.pixel(row, column) + panel * WIDTH);
                        self.epilogue.apply(four[i], panel).store(to);
                    }
                }
            } else {
                let (best, argmax) = largest(four);
                let to = self.output.add(self.image.pixel(y / 2, x / 2) + panel * WIDTH);
                self.epilogue.apply(best, panel).store(to);
                argmax.store_bytes(self.argmax.add((tile * self.all_panels + panel) * WIDTH));
            }
        }
    }
}

/// `Aᵀ` times a column.
#[inline(always)]
fn four_products<L: Lanes>([a, b, c, d]: [L; 4]) -> [L; 2] {
    [a + b + c, b - c - d]
}
