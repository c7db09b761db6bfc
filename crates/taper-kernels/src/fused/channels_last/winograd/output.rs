//! The outputs of tiles, from the products of their points.

use std::ops::Range;

use super::super::Image;
use super::super::epilogue::Epilogue;
use super::{Tiling, transforms};
use crate::simd::lanes::{Lanes, WIDTH, array};

/// A block of tiles whose products are done, for some panels of filters.
pub struct ToOutputs<'a> {
    pub tiling: Tiling,
    /// The tiles.
    pub block: Range<usize>,
    /// `[points, tiles, panels, 16]`.
    pub products: *const f32,
    /// The first of the panels, their number, and that of all panels of the outputs.
    pub panel: usize,
    pub panels: usize,
    pub all_panels: usize,
    pub epilogue: Epilogue,
    /// The layout of the outputs, and the first value of the image with its border.
    pub image: &'a Image,
    pub output: *mut f32,
    /// `[windows, panels, 16]`: the choices of [`Epilogue::pool`]; null if outputs are not pooled.
    pub argmax: *mut u8,
}

impl ToOutputs<'_> {
    /// `Aᵀ m A` of the products `m` of each tile, with bias, activation and pooling: `M` times `M` outputs of `N` times `N` points.
    ///
    /// # Safety
    /// The machine must have the instruction set, and the layouts given for the fields must be in memory.
    #[inline(always)]
    pub unsafe fn run<L: Lanes, const N: usize, const M: usize>(&self) {
        let point = self.block.len() * self.panels * WIDTH;
        for tile in self.block.clone() {
            for own in 0..self.panels {
                // SAFETY: guaranteed by the caller.
                unsafe {
                    let from = self.products.add(((tile - self.block.start) * self.panels + own) * WIDTH);
                    let zero = L::splat(0.0);
                    let mut rows = [[zero; N]; M];
                    for j in 0..N {
                        let products = array!([zero; N] i => L::load(from.add((N * i + j) * point)));
                        let column: [L; M] = transforms::outputs(products);
                        for i in 0..M {
                            rows[i][j] = column[i];
                        }
                    }
                    let outputs = array!([[zero; M]; M] i => transforms::outputs(rows[i]));
                    if self.argmax.is_null() {
                        self.store(tile, self.panel + own, outputs);
                    } else {
                        self.pool(tile, self.panel + own, outputs);
                    }
                }
            }
        }
    }

    /// Stores the outputs of a tile that are in the image.
    #[inline(always)]
    unsafe fn store<L: Lanes, const M: usize>(&self, tile: usize, panel: usize, outputs: [[L; M]; M]) {
        let ([y, x], [height, width]) = (self.tiling.first(tile), self.image.size);
        for i in 0..M {
            for j in 0..M {
                if y + i < height && x + j < width {
                    // SAFETY: guaranteed by the caller; the pixel is in the image.
                    unsafe {
                        let to = self.output.add(self.image.pixel(y + i, x + j) + panel * WIDTH);
                        self.epilogue.apply(outputs[i][j], panel).store(to);
                    }
                }
            }
        }
    }

    /// Stores the largest of each 2x2 outputs whose pooled pixel is in the image.
    #[inline(always)]
    unsafe fn pool<L: Lanes, const M: usize>(&self, tile: usize, panel: usize, outputs: [[L; M]; M]) {
        let (first, [height, width]) = (self.tiling.first(tile), self.image.size);
        for i in (0..M).step_by(2) {
            for j in (0..M).step_by(2) {
                let [y, x] = [first[0] / 2 + i / 2, first[1] / 2 + j / 2];
                if y < height && x < width {
                    let [above, below] = [outputs[i], outputs[i + 1]];
                    let four = [above[j], above[j + 1], below[j], below[j + 1]];
                    // SAFETY: guaranteed by the caller; the pixel is in the image.
                    unsafe {
                        let to = self.output.add(self.image.pixel(y, x) + panel * WIDTH);
                        let (value, choice) = self.epilogue.pool(four, panel);
                        value.store(to);
                        let window = (y * width + x) * self.all_panels + panel;
                        choice.store_bytes(self.argmax.add(window * WIDTH));
                    }
                }
            }
        }
    }
}
