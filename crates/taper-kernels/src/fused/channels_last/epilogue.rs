//! What follows the products of a convolution: bias, activation and the choice of 2x2 max-pooling.

use crate::simd::lanes::{Lanes, WIDTH};

/// Bias and activation.
#[derive(Clone, Copy)]
pub struct Epilogue {
    /// `[panels, 16]`, or null for none.
    pub bias: *const f32,
    /// The activation's slope below 0 (0 for `relu`); `None` without an activation.
    pub slope: Option<f32>,
}

impl Epilogue {
    /// Neither bias nor activation.
    pub const NONE: Self = Self { bias: std::ptr::null(), slope: None };

    /// Adds the bias of a panel and applies the activation.
    ///
    /// # Safety
    /// There must be a bias for each channel of the panel, or none.
    #[inline(always)]
    pub unsafe fn apply<L: Lanes>(&self, mut value: L, panel: usize) -> L {
        if !self.bias.is_null() {
            // SAFETY: guaranteed by the caller.
            value = value + unsafe { L::load(self.bias.add(panel * WIDTH)) };
        }
        match self.slope {
            Some(slope) => value.leaky(slope),
            None => value,
        }
    }
}

/// The largest of four values, in a tie the first one, and its index. NaN is larger than all numbers.
#[inline(always)]
pub fn largest<L: Lanes>(four: [L; 4]) -> (L, L) {
    let mut best = four[0];
    let mut argmax = best.splat_like(0.0);
    for i in 1..4 {
        let better = L::or(four[i].gt(best), four[i].is_nan());
        best = four[i].select(better, best);
        argmax = argmax.splat_like(i as f32).select(better, argmax);
    }
    (best, argmax)
}
