//! Max-pooling with the index of each maximum.

use rayon::prelude::*;

use super::Real;
use crate::window::Window;

/// The largest value of each window and its index within its plane (one channel of one image). Among equal
/// values the first is chosen. NaN is larger than all numbers, and the last NaN is chosen, as in PyTorch.
///
/// # Panics
/// If `x` does not consist of whole planes.
#[must_use]
pub fn forward<T: Real>(x: &[T], window: &Window) -> (Vec<T>, Vec<u32>) {
    assert_eq!(x.len() % window.pixels(), 0, "the planes are not whole");
    let size = x.len() / window.pixels() * window.positions();
    let (mut output, mut argmax) = (vec![T::ZERO; size], vec![0; size]);
    let planes = output.par_chunks_mut(window.positions()).zip(argmax.par_chunks_mut(window.positions()));
    let is_pairs = window.kernel == [2, 2] && window.stride == [2, 2] && window.before == [0, 0];
    let is_pairs = is_pairs && [0, 1].iter().all(|&axis| window.after(axis) == 0);
    planes.zip(x.par_chunks(window.pixels())).for_each(|((output, argmax), plane)| {
        if is_pairs {
            pairs(plane, window, output, argmax);
        } else {
            windows(plane, window, output, argmax);
        }
    });
    (output, argmax)
}

/// Whether `value` replaces the largest value so far.
fn wins<T: Real>(value: T, best: T) -> bool {
    #[expect(clippy::eq_op, reason = "only NaN is not equal to itself")]
    let is_nan = value != value;
    value > best || is_nan
}

fn windows<T: Real>(plane: &[T], window: &Window, output: &mut [T], argmax: &mut [u32]) {
    let [rows, columns] = window.output;
    for row in 0..rows {
        let ys = window.covered(0, row);
        for column in 0..columns {
            let xs = window.covered(1, column);
            let mut largest = ys.start * window.input[1] + xs.start;
            for y in ys.clone() {
                for i in y * window.input[1] + xs.start..y * window.input[1] + xs.end {
                    if wins(plane[i], plane[largest]) {
                        largest = i;
                    }
                }
            }
            output[row * columns + column] = plane[largest];
            argmax[row * columns + column] = largest as u32;
        }
    }
}

/// [`windows`] of adjacent 2 x 2 pixels, without branches, so that the compiler can vectorize.
fn pairs<T: Real>(plane: &[T], window: &Window, output: &mut [T], argmax: &mut [u32]) {
    let (width, columns) = (window.input[1], window.output[1]);
    let rows = plane.chunks_exact(2 * width).zip(output.chunks_mut(columns)).zip(argmax.chunks_mut(columns));
    for (row, ((pixels, output), argmax)) in rows.enumerate() {
        let (above, below) = pixels.split_at(width);
        let pairs = above.as_chunks::<2>().0.iter().zip(below.as_chunks::<2>().0);
        let first = 2 * row * width;
        for (column, (([a, b], [c, d]), (output, argmax))) in
            pairs.zip(output.iter_mut().zip(argmax)).enumerate()
        {
            let index = (first + 2 * column) as u32;
            let (mut best, mut at) = (*a, index);
            for (value, offset) in [(*b, 1), (*c, width as u32), (*d, width as u32 + 1)] {
                let better = wins(value, best);
                best = if better { value } else { best };
                at = if better { index + offset } else { at };
            }
            (*output, *argmax) = (best, at);
        }
    }
}

/// The gradient of the input: each output's gradient goes to the input pixel of the maximum.
///
/// # Panics
/// If the lengths do not match.
#[must_use]
pub fn backward<T: Real>(gradient: &[T], argmax: &[u32], window: &Window) -> Vec<T> {
    assert_eq!(gradient.len(), argmax.len(), "one index for each output");
    let mut input = vec![T::ZERO; gradient.len() / window.positions() * window.pixels()];
    let planes = gradient.par_chunks(window.positions()).zip(argmax.par_chunks(window.positions()));
    input.par_chunks_mut(window.pixels()).zip(planes).for_each(|(plane, (gradient, argmax))| {
        for (&gradient, &largest) in gradient.iter().zip(argmax) {
            plane[largest as usize] += gradient;
        }
    });
    input
}
