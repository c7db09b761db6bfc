//! One thread's part of the backward pass of a dense layer.

use crate::fused::fully_connected::ROWS;
use crate::rule::{MAX_STATE, Rule, Watched};
use crate::simd::lanes::{Kernel, Lanes, WIDTH, array};

/// Some columns of the weights: the gradient of the inputs for some rows of samples, then the update of
/// some rows of weights.
pub struct Part<'a, R> {
    pub columns: std::ops::Range<usize>,
    pub rows: std::ops::Range<usize>,
    pub weights: std::ops::Range<usize>,
    pub samples: usize,
    pub inputs: usize,
    pub units: usize,
    pub x: *const f32,
    pub x_step: usize,
    pub delta: *const f32,
    pub delta_step: usize,
    pub transposed: *const f32,
    pub height: usize,
    pub weight: (*mut f32, [*mut f32; MAX_STATE]),
    pub x_gradient: *mut f32,
    pub rule: Watched<'a, R>,
}

impl<R: Rule> Kernel for Part<'_, R> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let mut k = self.columns.start;
        while k < self.columns.end {
            let left = self.columns.end - k;
            let (vectors, rest) = (left.div_ceil(WIDTH), left % WIDTH);
            // SAFETY: guaranteed by the caller.
            k += unsafe {
                match (vectors, rest) {
                    (5.., _) | (3, 0) if const { L::TILE >= 24 } => self.block::<L, 3, ROWS, false>(k, WIDTH),
                    (4, 0) if const { L::TILE >= 24 } => self.block::<L, 4, 6, false>(k, WIDTH),
                    (4, _) if const { L::TILE >= 24 } => self.block::<L, 4, 6, true>(k, rest),
                    (3, _) if const { L::TILE >= 24 } => self.block::<L, 3, ROWS, true>(k, rest),
                    (2, 0) if const { L::TILE >= 24 } => self.block::<L, 2, ROWS, false>(k, WIDTH),
                    (2, _) if const { L::TILE >= 24 } => self.block::<L, 2, ROWS, true>(k, rest),
                    (1, 0) if const { L::TILE >= 24 } => self.block::<L, 1, ROWS, false>(k, WIDTH),
                    (_, _) if const { L::TILE >= 24 } => self.block::<L, 1, ROWS, true>(k, rest),
                    (1, 1..) => self.block::<L, 1, 4, true>(k, rest),
                    _ => self.block::<L, 1, 4, false>(k, WIDTH),
                }
            };
        }
    }
}

impl<R: Rule> Part<'_, R> {
    /// `V` vectors of columns, the last one with only `count` values if `FIRST`; `T` rows at a time.
    /// Returns the number of columns.
    #[inline(always)]
    unsafe fn block<L: Lanes, const V: usize, const T: usize, const FIRST: bool>(
        &self,
        k: usize,
        count: usize,
    ) -> usize {
        // SAFETY: guaranteed by the caller.
        unsafe {
            let mut sample = self.rows.start;
            while sample < self.rows.end {
                // The last rows are repeated if their number is not a multiple of `T`.
                sample = sample.min(self.rows.end - T);
                let sums = self.input_gradient::<L, V, T, FIRST>(k, count, sample);
                for i in 0..T {
                    for j in 0..V {
                        sums[i][j].store(self.x_gradient.add((sample + i) * self.x_step + k + j * WIDTH));
                    }
                }
                sample += T;
            }
            let mut unit = self.weights.start;
            while unit < self.weights.end {
                unit += match self.weights.end - unit {
                    left if left >= T => self.update_weights::<L, V, T, FIRST>(k, count, unit),
                    4.. => self.update_weights::<L, V, 4, FIRST>(k, count, unit),
                    2.. => self.update_weights::<L, V, 2, FIRST>(k, count, unit),
                    _ => self.update_weights::<L, V, 1, FIRST>(k, count, unit),
                };
            }
        }
        V * WIDTH
    }

    /// The gradient of the inputs, for `T` samples.
    #[inline(always)]
    unsafe fn input_gradient<L: Lanes, const V: usize, const T: usize, const FIRST: bool>(
        &self,
        k: usize,
        count: usize,
        sample: usize,
    ) -> [[L; V]; T] {
        // SAFETY: the caller guarantees that the rows exist; `count` columns are left in each.
        unsafe {
            let zero = L::splat(0.0);
            let mut sums = [[zero; V]; T];
            let mut delta = self.transposed.add(sample);
            let mut weight = self.weight.0.add(k).cast_const();
            for _ in 0..self.units {
                let w = array!([zero; V] j => if FIRST && j + 1 == V {
                    L::load_first(weight.add(j * WIDTH), count)
                } else {
                    L::load(weight.add(j * WIDTH))
                });
                for i in 0..T {
                    let value = L::splat(*delta.add(i));
                    for j in 0..V {
                        sums[i][j] = value.mul_add(w[j], sums[i][j]);
                    }
                }
                // There is no value after the last unit, and possibly no memory.
                delta = delta.wrapping_add(self.height);
                weight = weight.wrapping_add(self.inputs);
            }
            // A sum of -0, which needs underflow, would depend on products with zeros: +0 makes it 0.
            array!([[zero; V]; T] i => array!([zero; V] j => sums[i][j] + zero))
        }
    }

    /// The gradient of the weights of `T` units, and their update. Returns `T`.
    #[inline(always)]
    unsafe fn update_weights<L: Lanes, const V: usize, const T: usize, const FIRST: bool>(
        &self,
        k: usize,
        count: usize,
        unit: usize,
    ) -> usize {
        // SAFETY: the caller guarantees that the rows exist; inputs have room for whole vectors, and
        // `count` columns of weights are left.
        unsafe {
            let zero = L::splat(0.0);
            let mut sums = [[zero; V]; T];
            // For an empty batch, neither pointer has memory.
            let (mut delta, mut x) = (self.delta.wrapping_add(unit), self.x.wrapping_add(k));
            for _ in 0..self.samples {
                let values = array!([zero; V] j => L::load(x.add(j * WIDTH)));
                for i in 0..T {
                    let value = L::splat(*delta.add(i));
                    for j in 0..V {
                        sums[i][j] = value.mul_add(values[j], sums[i][j]);
                    }
                }
                delta = delta.wrapping_add(self.delta_step);
                x = x.wrapping_add(self.x_step);
            }
            let mut seen = zero;
            for i in 0..T {
                for j in 0..V {
                    let at = (unit + i) * self.inputs + k + j * WIDTH;
                    let (theta, state) = self.weight;
                    let theta = theta.add(at);
                    let state = array!([theta; MAX_STATE] s => state[s].wrapping_add(at));
                    let gradient = sums[i][j] + zero;
                    seen = if FIRST && j + 1 == V {
                        self.rule.step_first(gradient, theta, state, count, seen)
                    } else {
                        self.rule.step(gradient, theta, state, seen)
                    };
                }
            }
            self.rule.check(seen);
        }
        T
    }
}
