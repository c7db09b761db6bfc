//! max(0, x), value by value.

use rayon::prelude::*;

use super::Real;

/// Values that are worth a thread.
const PART: usize = 1 << 14;

/// max(0, x); NaN stays NaN.
#[must_use]
pub fn forward<T: Real>(x: &[T]) -> Vec<T> {
    let mut output = vec![T::ZERO; x.len()];
    output.par_chunks_mut(PART).zip(x.par_chunks(PART)).for_each(|(output, x)| {
        for (output, &x) in output.iter_mut().zip(x) {
            *output = if x <= T::ZERO { T::ZERO } else { x };
        }
    });
    output
}

/// The gradient of the input: that of the output where `x` is above 0 or NaN, else 0.
#[must_use]
pub fn backward<T: Real>(x: &[T], gradient: &[T]) -> Vec<T> {
    let mut input = vec![T::ZERO; x.len()];
    let parts = x.par_chunks(PART).zip(gradient.par_chunks(PART));
    input.par_chunks_mut(PART).zip(parts).for_each(|(input, (x, gradient))| {
        for (input, (&x, &gradient)) in input.iter_mut().zip(x.iter().zip(gradient)) {
            *input = if x <= T::ZERO { T::ZERO } else { gradient };
        }
    });
    input
}
