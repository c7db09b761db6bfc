//! The outputs of one layer of a chain for some samples.

use std::ops::Range;

use crate::fused::fully_connected::forward::Epilogue;
use crate::fused::fully_connected::stride;
use crate::simd::lanes::{Kernel, Lanes, WIDTH, array};

/// All units for some samples. The rows of `samples` exist, and those of the padding.
///
/// Inputs are in the lanes, in the order of the weights: copying these with units in the lanes, as for larger
/// layers, would take longer than it saves, above all where two threads write the weights and each would read
/// all copies.
pub struct Tiles {
    /// Starts at a multiple of [`ROWS`](crate::fused::fully_connected::ROWS).
    pub samples: Range<usize>,
    pub units: usize,
    pub inputs: usize,
    pub x: *const f32,
    pub weight: *const f32,
    /// Rows of outputs.
    pub y: *mut f32,
    pub epilogue: Epilogue,
}

impl Kernel for Tiles {
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
            for start in (0..self.units).step_by(WIDTH) {
                let count = WIDTH.min(self.units - start);
                for sample in self.samples.clone() {
                    let at = sample * stride(self.units) + start;
                    let sum = L::load(self.y.add(at));
                    self.epilogue.apply(sum, start, count, at).store_first(self.y.add(at), count);
                }
            }
        }
    }
}

impl Tiles {
    /// All tiles of `S` samples times `U` units.
    #[inline(always)]
    unsafe fn all_tiles<L: Lanes, const S: usize, const U: usize>(&self) {
        for unit in (0..self.units).step_by(U) {
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
            let x = array!([self.x; S] i => self.x.add((sample + i) * stride(self.inputs)));
            let last = self.units - 1;
            let w = array!([self.weight; U] j => self.weight.add((unit + j).min(last) * self.inputs));
            let whole = self.inputs & !(WIDTH - 1);
            let mut k = 0;
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
            if k < self.inputs {
                let values = array!([zero; S] i => L::load(x[i].add(k)));
                for j in 0..U {
                    let weight = L::load_first(w[j].add(k), self.inputs - k);
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
                        *self.y.add((sample + i) * stride(self.units) + unit + j) = flat[i * U + j];
                    }
                }
            }
        }
    }
}
