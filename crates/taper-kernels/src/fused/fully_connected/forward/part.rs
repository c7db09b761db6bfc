//! One thread's part of a dense layer's outputs.

use std::ops::Range;

use super::{Epilogue, SHARE};
use crate::fused::fully_connected::panels::Panels;
use crate::fused::fully_connected::stride;
use crate::simd::lanes::{Kernel, Lanes, WIDTH, array};

/// All units for some samples, over some columns of inputs.
pub struct Part {
    pub samples: Range<usize>,
    /// Starts at a multiple of sixteen; at most [`SHARE`].
    pub columns: Range<usize>,
    /// Rows of inputs.
    pub x: *const f32,
    pub x_step: usize,
    pub panels: Panels,
    /// Rows of outputs, or of sums without an epilogue.
    pub y: *mut f32,
    pub epilogue: Option<Epilogue>,
}

impl Kernel for Part {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let mut sample = self.samples.start;
        while sample < self.samples.end {
            let left = self.samples.end - sample;
            // Few samples at a time: a column is left out if it is zero in all of them. But tiles need enough sums.
            // SAFETY: guaranteed by the caller.
            sample += unsafe {
                match (self.panels.vectors(), left) {
                    (5.., 2..) => self.group::<L, 2>(sample),
                    (4, 4..) if const { L::TILE >= 24 } => self.group::<L, 4>(sample),
                    (4, 2..) if const { L::TILE < 24 } => self.group::<L, 2>(sample),
                    (..=2, 8..) if const { L::TILE >= 24 } => self.group::<L, 8>(sample),
                    (..=2, 4..) => self.group::<L, 4>(sample),
                    _ => self.group::<L, 1>(sample),
                }
            };
        }
    }
}

impl Part {
    /// `S` samples. Returns their number.
    #[inline(always)]
    unsafe fn group<L: Lanes, const S: usize>(&self, sample: usize) -> usize {
        let mut list = [0; SHARE + WIDTH];
        // SAFETY: guaranteed by the caller; the list has room for all columns and a vector more.
        unsafe {
            let count = self.occupied::<L, S>(sample, &mut list);
            let list = &list[..count];
            for panel in self.panels.each() {
                self.panel::<L, S>(sample, list, panel);
            }
        }
        S
    }

    /// Lists the columns in which at least one of `S` samples is not zero. Returns their number.
    #[inline(always)]
    unsafe fn occupied<L: Lanes, const S: usize>(
        &self,
        sample: usize,
        list: &mut [u32; SHARE + WIDTH],
    ) -> usize {
        let x_step = self.x_step;
        let mut count = 0;
        for column in self.columns.clone().step_by(WIDTH) {
            // SAFETY: rows have whole vectors. No column at or after the end is listed, whatever the padding holds.
            unsafe {
                let zero = L::splat(0.0);
                let left = self.columns.end - column;
                let x = self.x.add(sample * x_step + column);
                let mut mask = L::load_first(x, left.min(WIDTH)).ne(zero);
                for i in 1..S {
                    mask = L::or(mask, L::load_first(x.add(i * x_step), left.min(WIDTH)).ne(zero));
                }
                count += L::store_set(mask, column as u32, list.as_mut_ptr().add(count));
            }
        }
        count
    }

    /// `S` samples times one panel, in tiles that fill the registers.
    #[inline(always)]
    unsafe fn panel<L: Lanes, const S: usize>(
        &self,
        sample: usize,
        list: &[u32],
        (unit, vectors, weights): (usize, usize, *const f32),
    ) {
        let mut done = 0;
        while done < vectors {
            let from = (unit + done * WIDTH, vectors * WIDTH, weights.wrapping_add(done * WIDTH));
            // SAFETY: guaranteed by the caller.
            done += unsafe {
                match vectors - done {
                    8.. if const { L::TILE >= 24 && S <= 2 } => self.tile::<L, S, 8>(sample, list, from),
                    6.. if const { L::TILE >= 24 && S <= 2 } => self.tile::<L, S, 6>(sample, list, from),
                    4.. if const { L::TILE >= 24 && S <= 4 || S == 1 } => {
                        self.tile::<L, S, 4>(sample, list, from)
                    }
                    3 | 6.. if const { L::TILE < 24 && S == 2 } => self.tile::<L, S, 3>(sample, list, from),
                    2.. if const { L::TILE >= 24 || S <= 2 } => self.tile::<L, S, 2>(sample, list, from),
                    _ => self.tile::<L, S, 1>(sample, list, from),
                }
            };
        }
    }

    /// `S` samples times `V` vectors of units of a panel with `width` units. Returns `V`.
    #[inline(always)]
    unsafe fn tile<L: Lanes, const S: usize, const V: usize>(
        &self,
        sample: usize,
        list: &[u32],
        (unit, width, weights): (usize, usize, *const f32),
    ) -> usize {
        let (units, y_step) = (self.panels.units, stride(self.panels.units));
        // SAFETY: the caller guarantees the rows; listed columns are those of the part.
        unsafe {
            let zero = L::splat(0.0);
            let mut sums = [[zero; V]; S];
            let x = array!([self.x; S] i => self.x.add((sample + i) * self.x_step));
            for column in list {
                let column = *column as usize;
                let w = weights.wrapping_add(column * width);
                let values = array!([zero; S] i => L::splat(*x[i].add(column)));
                for j in 0..V {
                    let w = L::load(w.add(j * WIDTH));
                    for i in 0..S {
                        sums[i][j] = values[i].mul_add(w, sums[i][j]);
                    }
                }
            }
            for i in 0..S {
                for j in 0..V {
                    let unit = unit + j * WIDTH;
                    if unit < units {
                        let (at, count) = ((sample + i) * y_step + unit, WIDTH.min(units - unit));
                        // A sum of -0, which needs underflow, depends on the zeros that other samples left out.
                        let sum = sums[i][j] + zero;
                        let y = match self.epilogue {
                            Some(epilogue) => epilogue.apply(sum, unit, count, at),
                            None => sum,
                        };
                        y.store_first(self.y.add(at), count);
                    }
                }
            }
        }
        V
    }
}
