//! Average-pooling over the pixels inside the image.

use rayon::prelude::*;

use super::Real;
use crate::window::Window;

/// The mean of each window.
///
/// # Panics
/// If `x` does not consist of whole planes.
#[must_use]
pub fn forward<T: Real>(x: &[T], window: &Window) -> Vec<T> {
    assert_eq!(x.len() % window.pixels(), 0, "the planes are not whole");
    let mut output = vec![T::ZERO; x.len() / window.pixels() * window.positions()];
    let planes = output.par_chunks_mut(window.positions()).zip(x.par_chunks(window.pixels()));
    planes.for_each(|(output, plane)| {
        for (position, output) in output.iter_mut().enumerate() {
            let (share, rows) = rows::<T>(window, position);
            let mut sum = T::ZERO;
            for row in rows {
                sum = plane[row].iter().fold(sum, |sum, &value| sum + value);
            }
            *output = sum * share;
        }
    });
    output
}

/// The gradient of the input: each pixel gets its share from every window that covers it.
///
/// # Panics
/// If `gradient` does not consist of whole planes.
#[must_use]
pub fn backward<T: Real>(gradient: &[T], window: &Window) -> Vec<T> {
    assert_eq!(gradient.len() % window.positions(), 0, "the planes are not whole");
    let mut input = vec![T::ZERO; gradient.len() / window.positions() * window.pixels()];
    let planes = input.par_chunks_mut(window.pixels()).zip(gradient.par_chunks(window.positions()));
    planes.for_each(|(plane, gradient)| {
        for (position, &gradient) in gradient.iter().enumerate() {
            let (share, rows) = rows::<T>(window, position);
            for row in rows {
                for pixel in &mut plane[row] {
                    *pixel += gradient * share;
                }
            }
        }
    });
    input
}

/// The reciprocal of the number of pixels that a window covers, and the ranges of its rows in a plane.
fn rows<T: Real>(window: &Window, position: usize) -> (T, impl Iterator<Item = std::ops::Range<usize>>) {
    let columns = window.covered(1, position % window.output[1]);
    let rows = window.covered(0, position / window.output[1]);
    let share = T::from_f64(1.0 / (rows.len() * columns.len()) as f64);
    let width = window.input[1];
    (share, rows.map(move |row| row * width + columns.start..row * width + columns.end))
}
