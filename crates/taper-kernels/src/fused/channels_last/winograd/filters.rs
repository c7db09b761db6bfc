//! Filters of 3x3 weights to and from their transformed form.

use super::POINTS;
use crate::simd::lanes::{Kernel, Lanes, WIDTH, array};

/// `G g Gᵀ` of the filters `g` of one panel, in place: from `[9, channels, 16]`, as [`Pack`](super::super::pack::Pack) leaves
/// them, to `[16, channels, 16]`.
pub struct TransformFilters {
    pub channels: usize,
    pub filters: *mut f32,
}

impl Kernel for TransformFilters {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        for channel in 0..self.channels {
            // SAFETY: the caller guarantees memory for the transformed filters. All weights of a channel are read before any
            // of its points is written, and no other channel's are overwritten.
            unsafe {
                let (first, step) = (self.filters.add(channel * WIDTH), self.channels * WIDTH);
                let zero = L::splat(0.0);
                let mut rows = [[zero; 3]; 4];
                for j in 0..3 {
                    let column = three_weights(array!([zero; 3] i => L::load(first.add((3 * i + j) * step))));
                    for i in 0..4 {
                        rows[i][j] = column[i];
                    }
                }
                for i in 0..4 {
                    let four = three_weights(rows[i]);
                    for j in 0..4 {
                        four[j].store(first.add((4 * i + j) * step));
                    }
                }
            }
        }
    }
}

/// `Gᵀ m G` of the sums `m` of the filters' gradient.
pub struct ToFilters {
    /// The number of channels times that of filters.
    pub values: usize,
    /// `[16, channels, filters]`.
    pub sums: *const f32,
    /// `[9, channels, filters]`: the result.
    pub gradient: *mut f32,
}

impl Kernel for ToFilters {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        for value in (0..self.values).step_by(WIDTH) {
            // SAFETY: the caller guarantees the layouts given for the fields.
            unsafe {
                let zero = L::splat(0.0);
                let mut rows = [[zero; 4]; 3];
                for j in 0..4 {
                    let from = self.sums.add(j * self.values + value);
                    let step = 4 * self.values;
                    let column = four_sums(array!([zero; POINTS / 4] i => L::load(from.add(i * step))));
                    for i in 0..3 {
                        rows[i][j] = column[i];
                    }
                }
                for i in 0..3 {
                    let three = four_sums(rows[i]);
                    for j in 0..3 {
                        three[j].store(self.gradient.add((3 * i + j) * self.values + value));
                    }
                }
            }
        }
    }
}

/// `G` times a column.
#[inline(always)]
fn three_weights<L: Lanes>([a, b, c]: [L; 3]) -> [L; 4] {
    let half = a.splat_like(0.5);
    let (outer, inner) = ((a + c) * half, b * half);
    [a, outer + inner, outer - inner, c]
}

/// `Gᵀ` times a column.
#[inline(always)]
fn four_sums<L: Lanes>([a, b, c, d]: [L; 4]) -> [L; 3] {
    let half = a.splat_like(0.5);
    let (sum, difference) = ((b + c) * half, (b - c) * half);
    [a + sum, difference, sum + d]
}
