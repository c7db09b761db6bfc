//! One thread's part of the backward pass of a dense layer where most gradients are zero.

use super::lists::{Entry, Rows};
use super::part::Part;
use crate::rule::{MAX_STATE, Rule};
use crate::simd::lanes::{Kernel, Lanes, WIDTH, array};

/// The same as [`Part`], without the products with zeros.
pub struct Sparse<'a, R> {
    pub part: Part<'a, R>,
    /// For each sample, the gradients of its units.
    pub by_sample: &'a Rows,
    /// For each unit, those of its samples.
    pub by_unit: &'a Rows,
}

impl<R: Rule> Kernel for Sparse<'_, R> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let end = self.part.columns.end;
        let mut k = self.part.columns.start;
        while k < end {
            // SAFETY: guaranteed by the caller.
            k += unsafe {
                match (end - k) / WIDTH {
                    9.. if const { L::TILE >= 24 } => self.strip::<L, 9, false>(k, WIDTH),
                    6.. if const { L::TILE < 24 } => self.strip::<L, 6, false>(k, WIDTH),
                    3.. => self.strip::<L, 3, false>(k, WIDTH),
                    1.. => self.strip::<L, 1, false>(k, WIDTH),
                    0 => self.strip::<L, 1, true>(k, end - k),
                }
            };
        }
    }
}

impl<R: Rule> Sparse<'_, R> {
    /// `V` vectors of columns, the last one with only `count` values if `FIRST`. Returns the number of columns.
    #[inline(always)]
    unsafe fn strip<L: Lanes, const V: usize, const FIRST: bool>(&self, k: usize, count: usize) -> usize {
        let Part { inputs, x_step, .. } = self.part;
        // SAFETY: the caller guarantees that the rows exist; `count` columns of weights are left, and rows of inputs have
        // room for whole vectors.
        unsafe {
            let weight = self.part.weight.0.add(k).cast_const();
            for sample in self.part.rows.clone() {
                let sums = sums::<L, V, FIRST>(self.by_sample.of(sample), weight, inputs, count);
                for j in 0..V {
                    sums[j].store(self.part.x_gradient.add(sample * x_step + k + j * WIDTH));
                }
            }
            let x = self.part.x.wrapping_add(k);
            let mut seen = L::splat(0.0);
            // An input that is not finite would be noticed in its product with 0.
            for sample in 0..self.part.samples {
                for j in 0..V {
                    seen = L::load(x.add(sample * x_step + j * WIDTH)).mul_add(L::splat(0.0), seen);
                }
            }
            for unit in self.part.weights.clone() {
                let sums = sums::<L, V, false>(self.by_unit.of(unit), x, x_step, WIDTH);
                let at = unit * inputs + k;
                for j in 0..V {
                    let (theta, state) = self.part.weight;
                    let theta = theta.add(at + j * WIDTH);
                    let state = array!([theta; MAX_STATE] s => state[s].wrapping_add(at + j * WIDTH));
                    seen = if FIRST && j + 1 == V {
                        self.part.rule.step_first(sums[j], theta, state, count, seen)
                    } else {
                        self.part.rule.step(sums[j], theta, state, seen)
                    };
                }
            }
            self.part.rule.check(seen);
        }
        V * WIDTH
    }
}

/// The sum of each entry's value times its row; `rows` are `step` values apart.
#[inline(always)]
unsafe fn sums<L: Lanes, const V: usize, const FIRST: bool>(
    entries: &[Entry],
    rows: *const f32,
    step: usize,
    count: usize,
) -> [L; V] {
    // SAFETY: the caller guarantees a row for each entry, with `count` values in the last vector.
    unsafe {
        let zero = L::splat(0.0);
        let mut sums = [zero; V];
        for entry in entries {
            let (value, row) = (L::splat(entry.value), rows.add(entry.index as usize * step));
            for j in 0..V {
                let values = if FIRST && j + 1 == V {
                    L::load_first(row.add(j * WIDTH), count)
                } else {
                    L::load(row.add(j * WIDTH))
                };
                sums[j] = value.mul_add(values, sums[j]);
            }
        }
        // As in the tiles: a sum of -0, which needs underflow, depends on the zeros that were left out.
        array!([zero; V] j => sums[j] + zero)
    }
}
