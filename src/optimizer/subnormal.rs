//! Keeps decaying averages away from subnormal numbers.
//!
//! Once the gradients of a weight are 0 (for example because its input is almost always 0), their average
//! decays by 10 % a step until rounding holds it at the smallest subnormal. There it stays, and every
//! computation with it is many times slower: on MNIST, a step of the 784-128-10 network became a sixth
//! slower within one epoch. So a number far below the precision of the results is added at each step, fused
//! into a product. Rejected: the processor's flush-to-zero mode, which Rust does not allow; and adding and
//! subtracting a larger number, which holds averages at the last place of that number in the same way,
//! where their products are subnormal (slower still).

/// The bias added to a gradient average that keeps 1 - `rest` at each step and is divided by at least
/// `epsilon`: the resulting step is below 1e-21 times the learning rate. 0 if the average has no memory.
pub(super) fn gradient_bias(rest: f64, epsilon: f64) -> f32 {
    if rest >= 1.0 {
        return 0.0;
    }
    zero_if_subnormal((rest * epsilon * 1e-22).min(1e-30))
}

/// The bias added to an average of squared gradients to whose root `epsilon` is added: that sum grows by
/// less than 1e-8 of its value, which is below rounding.
pub(super) fn square_bias(rest: f64, epsilon: f64) -> f32 {
    zero_if_subnormal((rest * epsilon * epsilon * 1e-17).min(1e-33))
}

/// Of an average whose sign is the direction of the step, smaller values become 0: a bias would be a
/// direction. Their products with the usual shares are still normal numbers.
pub(super) const LEAST: f32 = 1e-37;

/// 0 if the number would itself be subnormal.
fn zero_if_subnormal(value: f64) -> f32 {
    if value < f64::from(f32::MIN_POSITIVE) { 0.0 } else { value as f32 }
}
