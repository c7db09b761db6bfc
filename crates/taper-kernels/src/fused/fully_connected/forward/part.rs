//! One thread's part of a dense layer's outputs.

use crate::fused::fully_connected::stride;
use crate::simd::lanes::{Kernel, Lanes, WIDTH, array};

/// The epilogue of a sum: bias, activation and mask, read at the offset of the output.
#[derive(Clone, Copy)]
pub struct Epilogue {
    bias: *const f32,
    slope: Option<f32>,
    mask: *const f32,
}

impl Epilogue {
    /// Without a bias or mask, the pointer is null.
    pub fn new(bias: Option<&[f32]>, slope: Option<f32>, mask: Option<&[f32]>) -> Self {
        let pointer = |values: Option<&[f32]>| values.map_or(std::ptr::null(), <[f32]>::as_ptr);
        Self { bias: pointer(bias), slope, mask: pointer(mask) }
    }

    /// Applies it to `count` outputs from `unit` on, at offset `at` in the rows.
    ///
    /// # Safety
    /// `count` biases and a whole vector of the mask must be readable.
    #[inline(always)]
    pub unsafe fn apply<L: Lanes>(self, mut value: L, unit: usize, count: usize, at: usize) -> L {
        // SAFETY: guaranteed by the caller.
        unsafe {
            if !self.bias.is_null() {
                value = value + L::load_first(self.bias.add(unit), count);
            }
            if let Some(slope) = self.slope {
                value = value.leaky(slope);
            }
            if !self.mask.is_null() {
                value = value * L::load(self.mask.add(at));
            }
        }
        value
    }
}

/// Some units for some samples, over some columns of inputs. The rows of `samples` exist, and those of the padding.
pub struct Part {
    /// Starts at a multiple of [`ROWS`](crate::fused::fully_connected::ROWS).
    pub samples: std::ops::Range<usize>,
    /// Starts at a multiple of sixteen.
    pub units: std::ops::Range<usize>,
    /// Starts at a multiple of sixteen.
    pub columns: std::ops::Range<usize>,
    pub inputs: usize,
    pub x: *const f32,
    pub x_step: usize,
    pub weight: *const f32,
    /// Rows of outputs, or of sums without an epilogue.
    pub y: *mut f32,
    pub y_step: usize,
    pub epilogue: Option<Epilogue>,
}

impl Kernel for Part {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: guaranteed by the caller.
        unsafe {
            if const { L::TILE >= 24 } {
                self.all_tiles::<L, 4, 4>();
            } else {
                self.all_tiles::<L, 2, 2>();
            }
            let Some(epilogue) = self.epilogue else { return };
            for start in self.units.clone().step_by(WIDTH) {
                let count = WIDTH.min(self.units.end - start);
                for sample in self.samples.clone() {
                    let at = sample * self.y_step + start;
                    let sum = L::load(self.y.add(at));
                    epilogue.apply(sum, start, count, at).store_first(self.y.add(at), count);
                }
            }
        }
    }
}

impl Part {
    /// All tiles of `S` samples times `U` units.
    #[inline(always)]
    unsafe fn all_tiles<L: Lanes, const S: usize, const U: usize>(&self) {
        for unit in self.units.clone().step_by(U) {
            for sample in self.samples.clone().step_by(S) {
                // SAFETY: guaranteed by the caller.
                unsafe { self.tile::<L, S, U>(sample, unit) };
            }
        }
    }

    /// `S` samples times `U` units.
    #[inline(always)]
    unsafe fn tile<L: Lanes, const S: usize, const U: usize>(&self, sample: usize, unit: usize) {
        // SAFETY: the caller guarantees that all rows exist; units after the last are read as the last.
        unsafe {
            let zero = L::splat(0.0);
            let mut sums = [[zero; U]; S];
            let x = array!([self.x; S] i => self.x.add((sample + i) * self.x_step));
            let last = self.units.end - 1;
            let w = array!([self.weight; U] j => self.weight.add((unit + j).min(last) * self.inputs));
            let whole = self.columns.start + (self.columns.len() & !(WIDTH - 1));
            let mut k = self.columns.start;
            while k < whole {
                let values = array!([zero; S] i => L::load(x[i].add(k)));
                for j in 0..U {
                    let weight = L::load(w[j].add(k));
                    for i in 0..S {
                        sums[i][j] = values[i].mul_add(weight, sums[i][j]);
                    }
                }
                k += WIDTH;
            }
            if k < self.columns.end {
                let values = array!([zero; S] i => L::load(x[i].add(k)));
                for j in 0..U {
                    let weight = L::load_first(w[j].add(k), self.columns.end - k);
                    for i in 0..S {
                        sums[i][j] = values[i].mul_add(weight, sums[i][j]);
                    }
                }
            }
            let flat: [f32; 16] = if S * U >= 8 {
                L::sums(array!([zero; 16] i => if i < S * U { sums[i / U][i % U] } else { zero })).to_array()
            } else {
                array!([0.0; 16] i => if i < S * U { sums[i / U][i % U].sum() } else { 0.0 })
            };
            for i in 0..S.min(self.samples.end - sample) {
                for j in 0..U {
                    if unit + j <= last {
                        *self.y.add((sample + i) * self.y_step + unit + j) = flat[i * U + j];
                    }
                }
            }
        }
    }
}

/// Adds the shares' sums in order and applies the epilogue, for some rows.
pub struct Total {
    pub rows: std::ops::Range<usize>,
    pub units: usize,
    pub sums: *const f32,
    pub shares: usize,
    /// The number of values of one share.
    pub values: usize,
    pub y: *mut f32,
    pub epilogue: Epilogue,
}

impl Kernel for Total {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let step = stride(self.units);
        for row in self.rows.clone() {
            for unit in (0..self.units).step_by(WIDTH) {
                let (at, count) = (row * step + unit, WIDTH.min(self.units - unit));
                // SAFETY: rows have room for whole vectors, in each share.
                unsafe {
                    let mut sum = L::load(self.sums.add(at));
                    for share in 1..self.shares {
                        sum = sum + L::load(self.sums.add(share * self.values + at));
                    }
                    self.epilogue.apply(sum, unit, count, at).store_first(self.y.add(at), count);
                }
            }
        }
    }
}
