//! Penalties on weights, and limits for their norms, after Keras: an L1 penalty adds l₁ sign(w) to the gradient, with sign(0) = 0, and an
//! L2 penalty 2 l₂ w; a maximum norm c multiplies the weights of an output by min(1, c / ‖w‖).

use candle_core::{DType, Tensor, Var};

use crate::error::Result;
use crate::ops::slices::with_slices;

/// The number of values whose sums are computed in f32.
const PIECE: usize = 1024;
/// The number of sums that are computed side by side.
const LANES: usize = 16;

/// Adds the gradient of the penalty l₁ Σ |w| + l₂ Σ w² to `gradient`, and returns the penalty.
pub fn add(weights: &[f32], gradient: &mut [f32], l1: f64, l2: f64) -> f64 {
    let mut penalty = 0.0;
    if l1 != 0.0 {
        let factor = l1 as f32;
        for (gradient, weight) in gradient.iter_mut().zip(weights) {
            let negative = if *weight < 0.0 { -factor } else { 0.0 };
            *gradient += if *weight > 0.0 { factor } else { negative };
        }
        penalty += l1 * sum(weights, f32::abs);
    }
    if l2 != 0.0 {
        let factor = (2.0 * l2) as f32;
        for (gradient, weight) in gradient.iter_mut().zip(weights) {
            *gradient += factor * weight;
        }
        penalty += l2 * sum(weights, |weight| weight * weight);
    }
    penalty
}

/// The sum of a function of all values, in an order that every machine has. It is generic, so that the function is part of the loop.
fn sum(values: &[f32], of: impl Fn(f32) -> f32) -> f64 {
    let piece = |piece: &[f32]| {
        let (whole, rest) = piece.as_chunks::<LANES>();
        let mut sums = [0.0_f32; LANES];
        for lanes in whole {
            for (sum, value) in sums.iter_mut().zip(lanes) {
                *sum += of(*value);
            }
        }
        for (sum, value) in sums.iter_mut().zip(rest) {
            *sum += of(*value);
        }
        sums.into_iter().map(f64::from).sum::<f64>()
    };
    values.chunks(PIECE).map(piece).sum()
}

/// Scales the weights of each output of a parameter of `shape` to the norm `most` if theirs is greater: a row of a dense layer, a filter,
/// or the whole of a vector.
pub fn limit(weights: &mut [f32], shape: &[usize], most: f64) {
    let outputs = if shape.len() > 1 { shape[0] } else { 1 };
    let each = (weights.len() / outputs.max(1)).max(1);
    for own in weights.chunks_mut(each) {
        let norm = own.iter().map(|weight| f64::from(*weight) * f64::from(*weight)).sum::<f64>().sqrt();
        if norm > most {
            for weight in own {
                *weight = (f64::from(*weight) * (most / norm)) as f32;
            }
        }
    }
}

/// Passes the values of `variable` to `take`; they are stored if it `changes` them.
///
/// # Errors
/// If candle returns an error.
pub fn with_values<T>(
    variable: &Var,
    changes: bool,
    take: impl FnOnce(&mut [f32]) -> T,
) -> Result<Option<T>> {
    let mut taken = None;
    if variable.device().is_cpu() && variable.dtype() == DType::F32 {
        with_slices::<f32, _>(&[variable], &[], |slices, _| {
            taken = slices.first_mut().map(|values| take(values));
            Ok(())
        })?;
        return Ok(taken);
    }
    let mut values: Vec<f32> = variable.flatten_all()?.to_dtype(DType::F32)?.to_vec1()?;
    taken = Some(take(&mut values));
    if changes {
        let tensor = Tensor::from_vec(values, variable.shape(), variable.device())?;
        variable.set(&tensor.to_dtype(variable.dtype())?)?;
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn penalties_add_their_gradient_and_return_their_value() {
        let weights = [2.0, -0.5, 0.0, -0.0];
        let mut gradient = [1.0, 1.0, 1.0, -1.0];
        let penalty = add(&weights, &mut gradient, 0.25, 0.5);
        assert_eq!(penalty, 0.25 * 2.5 + 0.5 * 4.25);
        assert_eq!(gradient, [1.0 + 2.0 + 0.25, 1.0 - 0.5 - 0.25, 1.0, -1.0]);
    }

    #[test]
    fn sums_over_many_values_are_precise() {
        let weights: Vec<f32> = (0..5003).map(|i| libm::sinf(i as f32)).collect();
        let mut gradient = vec![0.0; weights.len()];
        let expected: f64 =
            weights.iter().map(|w| 0.5 * f64::from(w.abs()) + 0.25 * f64::from(*w).powi(2)).sum();
        let penalty = add(&weights, &mut gradient, 0.5, 0.25);
        assert!((penalty - expected).abs() < 1e-6 * expected, "{penalty} instead of {expected}");
    }

    #[test]
    fn only_norms_above_the_limit_are_scaled() {
        let mut weights = [3.0, 4.0, 0.3, 0.4, 0.0, 0.0];
        limit(&mut weights, &[3, 2], 1.0);
        assert_eq!(weights, [0.6, 0.8, 0.3, 0.4, 0.0, 0.0]);
        let mut filters = [3.0, 4.0, 0.0, 0.0];
        limit(&mut filters, &[1, 2, 2, 1], 10.0);
        assert_eq!(filters, [3.0, 4.0, 0.0, 0.0]);
        let mut bias = [3.0, -4.0];
        limit(&mut bias, &[2], 1.0);
        assert_eq!(bias, [0.6, -0.8]);
        limit(&mut [], &[0, 2], 1.0);
    }

    #[test]
    fn norms_of_large_weights_do_not_overflow() {
        let large = 2.0_f32.powi(100);
        let mut weights = [3.0 * large, 4.0 * large];
        limit(&mut weights, &[2], 1.0);
        assert_eq!(weights, [0.6, 0.8]);
    }
}
