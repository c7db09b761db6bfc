//! Filters of 3x3 weights to and from their transformed form.

use super::Tiling;
use super::transforms::{self, LARGE, SMALL};
use crate::simd::lanes::{self, Isa, Kernel, Lanes, WIDTH, array};

impl Tiling {
    /// Transforms the filters of one panel in place: from `[9, channels, 16]`, as [`Pack`](super::super::pack::Pack) leaves them,
    /// to `[points, channels, 16]`.
    ///
    /// # Safety
    /// The machine must have the instructions, and there must be memory for the transformed filters.
    pub unsafe fn transform_filters(&self, isa: Isa, channels: usize, filters: *mut f32) {
        // SAFETY: guaranteed by the caller.
        unsafe {
            if self.side == LARGE {
                lanes::run(isa, TransformFilters::<LARGE> { channels, filters });
            } else {
                lanes::run(isa, TransformFilters::<SMALL> { channels, filters });
            }
        }
    }
}

/// `G g Gᵀ` of the filters `g`, in place, for tiles of `N` times `N` pixels.
struct TransformFilters<const N: usize> {
    channels: usize,
    filters: *mut f32,
}

impl<const N: usize> Kernel for TransformFilters<N> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        for channel in 0..self.channels {
            // SAFETY: the caller guarantees memory for the transformed filters. All weights of a channel are read before any
            // of its points is written, and no other channel's are overwritten.
            unsafe {
                let (first, step) = (self.filters.add(channel * WIDTH), self.channels * WIDTH);
                let zero = L::splat(0.0);
                let mut rows = [[zero; 3]; N];
                for j in 0..3 {
                    let column: [L; N] =
                        transforms::weights(array!([zero; 3] i => L::load(first.add((3 * i + j) * step))));
                    for i in 0..N {
                        rows[i][j] = column[i];
                    }
                }
                for i in 0..N {
                    let row: [L; N] = transforms::weights(rows[i]);
                    for j in 0..N {
                        row[j].store(first.add((N * i + j) * step));
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
                let mut rows = [[zero; SMALL]; 3];
                for j in 0..SMALL {
                    let from = self.sums.add(j * self.values + value);
                    let step = SMALL * self.values;
                    let column = transforms::sums(array!([zero; SMALL] i => L::load(from.add(i * step))));
                    for i in 0..3 {
                        rows[i][j] = column[i];
                    }
                }
                for i in 0..3 {
                    let three = transforms::sums(rows[i]);
                    for j in 0..3 {
                        three[j].store(self.gradient.add((3 * i + j) * self.values + value));
                    }
                }
            }
        }
    }
}
