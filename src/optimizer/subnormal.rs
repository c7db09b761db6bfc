//! What keeps decaying averages away from subnormal numbers.
//!
//! Once the gradients of a weight are 0, as behind a pixel that is seldom set, their average loses a
//! tenth at each step, down to where nine tenths of the smallest number are rounded to that number: it
//! stays there, and a processor takes many times as long for all that is computed with it. On
//! MNIST a step of the 784-128-10 network became a sixth slower within one epoch. So a number far below
//! all that counts is added at each step, fused with a product. Rejected: rounding to zero by the
//! processor's mode, which Rust does not allow; and adding a larger number and taking it away again, which
//! leaves averages at its last place in the same way, where their products are subnormal (slower still).

/// Is added to an average of gradients that keeps 1 - `rest` at each step and is divided by `epsilon` at
/// least: the step that it makes is below 1e-21 times the learning rate. Nothing where nothing is kept.
pub(super) fn of_gradients(rest: f64, epsilon: f64) -> f32 {
    if rest >= 1.0 {
        return 0.0;
    }
    above_subnormal((rest * epsilon * 1e-22).min(1e-30))
}

/// Is added to an average of squared gradients whose root `epsilon` is added to: that sum grows by less
/// than 1e-8 of it, which is below its rounding.
pub(super) fn of_squares(rest: f64, epsilon: f64) -> f32 {
    above_subnormal((rest * epsilon * epsilon * 1e-17).min(1e-33))
}

/// Nothing at all where the number would itself be subnormal.
fn above_subnormal(value: f64) -> f32 {
    if value < f64::from(f32::MIN_POSITIVE) { 0.0 } else { value as f32 }
}
