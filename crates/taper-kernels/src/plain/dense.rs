//! Fully connected layers: y = x Wᵀ + b with x `[batch, features]`, W `[units, features]`, b `[units]`.

use super::{Real, add_to};
use crate::plain::matmul::{Matrix, MatrixMut, Store, Threads, new_product, product};

/// The sizes of the product.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Samples per batch.
    pub batch: usize,
    /// Inputs per sample.
    pub features: usize,
    /// Outputs per sample.
    pub units: usize,
}

/// The output `[batch, units]`.
///
/// # Panics
/// If the length of a slice does not match the shape.
#[must_use]
pub fn forward<T: Real>(x: &[T], weight: &[T], bias: Option<&[T]>, shape: Shape) -> Vec<T> {
    let Shape { batch, features, units } = shape;
    let (x, weight) = (Matrix::new(x, [batch, features]), Matrix::new(weight, [units, features]).t());
    let Some(bias) = bias else {
        return new_product(x, weight, Threads::All);
    };
    let mut output = bias.repeat(batch);
    product(&mut MatrixMut::new(&mut output, [batch, units]), x, weight, Store::Add, Threads::All);
    output
}

/// The gradient of the weights, `[units, features]`.
///
/// # Panics
/// If the length of a slice does not match the shape.
#[must_use]
pub fn weight_gradient<T: Real>(x: &[T], gradient: &[T], shape: Shape) -> Vec<T> {
    let Shape { batch, features, units } = shape;
    let (x, gradient) = (Matrix::new(x, [batch, features]), Matrix::new(gradient, [batch, units]));
    new_product(gradient.t(), x, Threads::All)
}

/// The gradient of the input, `[batch, features]`.
///
/// # Panics
/// If the length of a slice does not match the shape.
#[must_use]
pub fn input_gradient<T: Real>(weight: &[T], gradient: &[T], shape: Shape) -> Vec<T> {
    let Shape { batch, features, units } = shape;
    let (weight, gradient) = (Matrix::new(weight, [units, features]), Matrix::new(gradient, [batch, units]));
    new_product(gradient, weight, Threads::All)
}

/// The gradient of the bias, `[units]`: the sum over the samples, in order.
#[must_use]
pub fn bias_gradient<T: Real>(gradient: &[T], shape: Shape) -> Vec<T> {
    let mut output = vec![T::ZERO; shape.units];
    for sample in gradient.chunks(shape.units) {
        add_to(&mut output, sample);
    }
    output
}
