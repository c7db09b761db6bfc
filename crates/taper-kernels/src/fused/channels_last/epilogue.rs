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

/// What is added to the index of the largest of four values if the activation's slope there is that below 0.
const BELOW: f32 = 4.0;

impl Epilogue {
    /// The output of 2x2 max-pooling, and the index of the value that it comes from, with [`BELOW`]: all that the backward pass
    /// must know. An increasing activation commutes with the maximum.
    ///
    /// # Safety
    /// As for [`apply`](Self::apply).
    #[inline(always)]
    pub unsafe fn pool<L: Lanes>(&self, four: [L; 4], panel: usize) -> (L, L) {
        let (best, index) = largest(four);
        // SAFETY: guaranteed by the caller.
        let output = unsafe { self.apply(best, panel) };
        if self.slope.is_none() {
            return (output, index);
        }
        let zero = output.splat_like(0.0);
        (output, index.select(output.gt(zero), index + output.splat_like(BELOW)))
    }
}

/// The gradient of the input of an activation with that slope below 0, at the pixels that [`Epilogue::pool`] has chosen.
#[inline(always)]
pub fn pooled_gradient<L: Lanes>(gradient: L, choice: L, slope: Option<f32>) -> L {
    match slope {
        Some(slope) => gradient.leaky_gradient(gradient.splat_like(BELOW) - choice, slope),
        None => gradient,
    }
}

/// The index of the pixel in a choice of [`Epilogue::pool`].
#[inline(always)]
pub fn pooled_index<L: Lanes>(choice: L) -> L {
    let below = choice.splat_like(BELOW);
    choice.select(below.gt(choice), choice - below)
}

/// The largest of four values, in a tie the first one, and its index. NaN is larger than all numbers.
#[inline(always)]
fn largest<L: Lanes>(four: [L; 4]) -> (L, L) {
    let mut best = four[0];
    let mut argmax = best.splat_like(0.0);
    for i in 1..4 {
        let better = L::or(four[i].gt(best), four[i].is_nan());
        best = four[i].select(better, best);
        argmax = argmax.splat_like(i as f32).select(better, argmax);
    }
    (best, argmax)
}
