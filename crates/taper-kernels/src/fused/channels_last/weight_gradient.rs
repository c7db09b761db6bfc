//! The gradient of the filters from one image: for each weight of a filter, the products of the pixels
//! under it with the gradients of the outputs, summed over all positions.

use super::Filter;
use crate::simd::lanes::{Kernel, Lanes, WIDTH, array};

/// Values of the image, and of the gradient of one tile's channels, that all taps of the filter visit
/// before the next rows, so that they stay in the L1 cache. Measured with 32 to 64 and 64 to 128 channels.
const BLOCK: usize = 12 * 1024;

/// The work on one image. All pointers are to `f32` values in the layouts given for each field.
pub struct WeightGradient {
    /// The filter's footprint.
    pub filter: Filter,
    /// The number of vectors of output channels.
    pub panels: usize,
    /// Output pixels, `[height, width]`.
    pub positions: [usize; 2],
    /// The image, with its border.
    pub image: *const f32,
    /// The strides in the image from one output row, and one output column, to the next.
    pub image_steps: [usize; 2],
    /// The gradient of the first output pixel.
    pub delta: *const f32,
    /// The row and column strides of the gradient.
    pub delta_steps: [usize; 2],
    /// `[taps, panels, 16]`, to which the gradient is added.
    pub sums: *mut f32,
}

impl Kernel for WeightGradient {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let row = self.image_steps[0] + self.positions[1] * 2 * WIDTH;
        let rows = (BLOCK / row.max(1)).max(1);
        for first in (0..self.positions[0]).step_by(rows) {
            let range = first..self.positions[0].min(first + rows);
            let mut panel = 0;
            while panel < self.panels {
                // SAFETY: guaranteed by the caller.
                unsafe {
                    if const { L::TILE >= 24 } && panel + 2 <= self.panels {
                        self.all_taps::<L, 2>(range.clone(), panel);
                        panel += 2;
                    } else {
                        self.all_taps::<L, 1>(range.clone(), panel);
                        panel += 1;
                    }
                }
            }
        }
    }
}

impl WeightGradient {
    #[inline(always)]
    unsafe fn all_taps<L: Lanes, const P: usize>(&self, rows: std::ops::Range<usize>, panel: usize) {
        let Filter { rows: height, run, .. } = self.filter;
        // SAFETY: guaranteed by the caller.
        unsafe {
            if const { L::TILE >= 24 } && (height, run) == (3, 3) {
                // One channel: one row is too short for a tile, three together are not.
                self.tile::<L, 3, 3, P>(rows, 0, 0, panel);
                return;
            }
            let mut first = 0;
            // One row of three values leaves registers unused, two do not.
            while const { L::TILE < 24 } && run == 3 && first + 2 <= height {
                self.tile::<L, 2, 3, P>(rows.clone(), first, 0, panel);
                first += 2;
            }
            for row in first..height {
                let mut tap = 0;
                while tap < run {
                    let rows = rows.clone();
                    tap += match run - tap {
                        9 if const { L::TILE >= 24 } => self.tile::<L, 1, 9, P>(rows, row, tap, panel),
                        12.. if const { L::TILE >= 24 } => self.tile::<L, 1, 12, P>(rows, row, tap, panel),
                        8.. if const { L::TILE >= 24 } => self.tile::<L, 1, 8, P>(rows, row, tap, panel),
                        4.. if const { L::TILE >= 24 } => self.tile::<L, 1, 4, P>(rows, row, tap, panel),
                        6 | 12.. => self.tile::<L, 1, 6, P>(rows, row, tap, panel),
                        5 | 9..12 => self.tile::<L, 1, 5, P>(rows, row, tap, panel),
                        4.. => self.tile::<L, 1, 4, P>(rows, row, tap, panel),
                        3 => self.tile::<L, 1, 3, P>(rows, row, tap, panel),
                        2 => self.tile::<L, 1, 2, P>(rows, row, tap, panel),
                        _ => self.tile::<L, 1, 1, P>(rows, row, tap, panel),
                    };
                }
            }
        }
    }

    /// `G` rows of the filter, `R` values of each from `tap` on, times `P` panels. Returns `R`.
    #[inline(always)]
    unsafe fn tile<L: Lanes, const G: usize, const R: usize, const P: usize>(
        &self,
        rows: std::ops::Range<usize>,
        filter_row: usize,
        tap: usize,
        panel: usize,
    ) -> usize {
        // SAFETY: the caller guarantees the layouts given for the fields.
        unsafe {
            let width = self.panels * WIDTH;
            let first = self.sums.add((filter_row * self.filter.run + tap) * width + panel * WIDTH);
            let run = self.filter.run * width;
            let zero = L::splat(0.0);
            let mut tile = [[[zero; P]; R]; G];
            for g in 0..G {
                for r in 0..R {
                    for p in 0..P {
                        tile[g][r][p] = L::load(first.add(g * run + r * width + p * WIDTH));
                    }
                }
            }
            for y in rows {
                let start = self.image.add(y * self.image_steps[0] + filter_row * self.filter.row_step + tap);
                let mut x = array!([start; G] g => start.add(g * self.filter.row_step));
                let mut delta = self.delta.add(y * self.delta_steps[0] + panel * WIDTH);
                for _ in 0..self.positions[1] {
                    let d = array!([zero; P] p => L::load(delta.add(p * WIDTH)));
                    for g in 0..G {
                        for r in 0..R {
                            let value = L::splat(*x[g].add(r));
                            for p in 0..P {
                                tile[g][r][p] = value.mul_add(d[p], tile[g][r][p]);
                            }
                        }
                        // There may be no memory after the last position of the last row.
                        x[g] = x[g].wrapping_add(self.image_steps[1]);
                    }
                    delta = delta.wrapping_add(self.delta_steps[1]);
                }
            }
            for g in 0..G {
                for r in 0..R {
                    for p in 0..P {
                        tile[g][r][p].store(first.add(g * run + r * width + p * WIDTH));
                    }
                }
            }
        }
        R
    }
}
