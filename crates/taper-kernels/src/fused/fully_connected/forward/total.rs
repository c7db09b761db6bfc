//! From sums to outputs.

use crate::fused::fully_connected::stride;
use crate::simd::lanes::{Kernel, Lanes, WIDTH};

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
