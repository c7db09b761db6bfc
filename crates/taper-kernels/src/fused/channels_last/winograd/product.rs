//! The products of one point of the transformed tiles.

use crate::simd::lanes::{Lanes, WIDTH, array};

/// Rows of values times vectors: `out[row][panel] = sum over depth of a[row, depth] * b[depth, panel]`.
pub struct Product {
    pub rows: usize,
    pub depth: usize,
    /// The first value of the first row, and the steps to the next row and the next value.
    pub a: *const f32,
    pub a_row: usize,
    pub a_step: usize,
    /// The first vector of the first panel, and the steps to its next vector and to the next panel.
    pub b: *const f32,
    pub b_step: usize,
    pub b_panel: usize,
    /// The sums of the first row, its panels side by side, and the step to the next row.
    pub out: *mut f32,
    pub out_row: usize,
    /// Whether to add to the existing sums.
    pub adds: bool,
}

impl Product {
    /// `P` panels, `G` groups of `R` rows at a time.
    ///
    /// # Safety
    /// The machine must have the instruction set, and the layouts given for the fields must be in memory.
    #[inline(always)]
    pub unsafe fn run<L: Lanes, const G: usize, const R: usize, const P: usize>(&self) {
        let mut row = 0;
        while row < self.rows {
            // SAFETY: guaranteed by the caller; no more rows than there are.
            unsafe {
                row += match self.rows - row {
                    left if left >= G * R => self.tile::<L, G, R, P>(row),
                    left if G > 3 && left >= 3 * R => self.tile::<L, 3, R, P>(row),
                    left if left >= 2 * R => self.tile::<L, 2, R, P>(row),
                    left if left >= R => self.tile::<L, 1, R, P>(row),
                    // Some of the previous rows again.
                    left if left > 1 && self.rows >= R && !self.adds => {
                        self.tile::<L, 1, R, P>(self.rows - R)
                    }
                    _ => self.tile::<L, 1, 1, P>(row),
                };
            }
        }
    }

    /// `G` groups of `R` rows. Returns their number.
    #[inline(always)]
    unsafe fn tile<L: Lanes, const G: usize, const R: usize, const P: usize>(&self, row: usize) -> usize {
        // SAFETY: guaranteed by the caller.
        unsafe {
            let zero = L::splat(0.0);
            let mut a = array!([self.a; G] g => self.a.add((row + g * R) * self.a_row));
            let offsets = array!([0; R] r => r * self.a_row);
            let mut b = array!([self.b; P] p => self.b.add(p * self.b_panel));
            let out = self.out.add(row * self.out_row);
            let mut sums = [[[zero; P]; R]; G];
            if self.adds {
                for g in 0..G {
                    for r in 0..R {
                        for p in 0..P {
                            sums[g][r][p] = L::load(out.add((g * R + r) * self.out_row + p * WIDTH));
                        }
                    }
                }
            }
            for _ in 0..self.depth {
                let vectors = array!([zero; P] p => L::load(b[p]));
                for g in 0..G {
                    for r in 0..R {
                        let value = L::splat(*a[g].add(offsets[r]));
                        for p in 0..P {
                            sums[g][r][p] = value.mul_add(vectors[p], sums[g][r][p]);
                        }
                    }
                    // There may be no memory after the last values.
                    a[g] = a[g].wrapping_add(self.a_step);
                }
                b = array!([self.b; P] p => b[p].wrapping_add(self.b_step));
            }
            for g in 0..G {
                for r in 0..R {
                    for p in 0..P {
                        sums[g][r][p].store(out.add((g * R + r) * self.out_row + p * WIDTH));
                    }
                }
            }
        }
        G * R
    }
}
