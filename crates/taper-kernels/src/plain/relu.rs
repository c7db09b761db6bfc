//! max(0, x), element-wise.

use super::{Real, fresh};

/// The number of values worth a thread.
const PART: usize = 1 << 14;

/// max(0, x); NaN stays NaN.
#[must_use]
pub fn forward<T: Real>(x: &[T]) -> Vec<T> {
    let none = || ();
    fresh::parts(x.len(), PART, none, |(), index, slots| {
        let x = &x[index * PART..][..slots.len()];
        fresh::write(slots, x.iter().map(|&x| if x <= T::ZERO { T::ZERO } else { x }))
    })
}

/// The gradient of the input: the gradient of the output where `x` is above 0 or NaN, otherwise 0.
///
/// # Panics
/// If there are fewer gradients than values.
#[must_use]
pub fn backward<T: Real>(x: &[T], gradient: &[T]) -> Vec<T> {
    let none = || ();
    fresh::parts(x.len(), PART, none, |(), index, slots| {
        let x = &x[index * PART..][..slots.len()];
        let gradient = &gradient[index * PART..][..slots.len()];
        let pairs = x.iter().zip(gradient);
        fresh::write(slots, pairs.map(|(&x, &gradient)| if x <= T::ZERO { T::ZERO } else { gradient }))
    })
}
