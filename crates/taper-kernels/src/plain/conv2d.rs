//! Convolution as matrix products over unfolded images (Chellapilla, Puri and Simard, 2006).
//!
//! Each window of an image becomes a column of channels · height · width values; the filters times these
//! columns are the output, directly in the order [filters, rows, columns]. A few output rows are unfolded
//! at a time, so that the columns stay in the cache.

use rayon::prelude::*;

use super::{Real, add_to, fresh, sum};
use crate::plain::matmul::{Matrix, MatrixMut, Store, Threads, product};
use crate::window::Window;

/// The number of column values unfolded at once.
const TILE: usize = 1 << 16;

/// The shape of a convolution.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Channels of the input.
    pub channels: usize,
    /// Channels of the output.
    pub filters: usize,
    /// The positions of the filters.
    pub window: Window,
}

impl Shape {
    /// The number of weights of one filter, which is the height of the columns.
    fn taps(&self) -> usize {
        self.channels * self.window.kernel[0] * self.window.kernel[1]
    }

    fn input(&self) -> usize {
        self.channels * self.window.pixels()
    }

    fn output(&self) -> usize {
        self.filters * self.window.positions()
    }

    /// The number of output rows unfolded at once.
    fn tile_rows(&self) -> usize {
        (TILE / (self.taps() * self.window.output[1])).clamp(1, self.window.output[0])
    }

    /// The number of images that share one partial sum of the weights' gradient.
    fn group(&self) -> usize {
        (self.filters * self.taps() / (1 << 14)).clamp(1, 8)
    }

    /// Calls `each` with the columns of a few output rows and their positions.
    fn unfold<T: Real>(
        &self,
        image: &[T],
        buffer: &mut Vec<T>,
        mut each: impl FnMut(Matrix<'_, T>, std::ops::Range<usize>),
    ) {
        let [rows, width] = self.window.output;
        if self.window.is_pointwise() {
            each(Matrix::new(image, [self.channels, rows * width]), 0..rows * width);
            return;
        }
        for first in (0..rows).step_by(self.tile_rows()) {
            let last = rows.min(first + self.tile_rows());
            let positions = first * width..last * width;
            buffer.resize(self.taps() * positions.len(), T::ZERO);
            self.walk(first..last, |column, tap, run| {
                let (target, rest) =
                    buffer[tap * positions.len() + column..][..width].split_at_mut(run.to.end);
                rest.fill(T::ZERO);
                let (before, target) = target.split_at_mut(run.to.start);
                before.fill(T::ZERO);
                if run.step == 1 && !target.is_empty() {
                    target.copy_from_slice(&image[run.from..run.from + target.len()]);
                } else {
                    for (i, target) in target.iter_mut().enumerate() {
                        *target = image[run.from + i * run.step];
                    }
                }
            });
            each(Matrix::new(buffer, [self.taps(), positions.len()]), positions);
        }
    }

    /// Adds the columns of some output rows to the pixels that they were taken from.
    fn fold<T: Real>(&self, columns: &[T], rows: std::ops::Range<usize>, image: &mut [T]) {
        let positions = rows.len() * self.window.output[1];
        self.walk(rows, |column, tap, run| {
            let source = &columns[tap * positions + column..][run.to.clone()];
            if run.step == 1 && !source.is_empty() {
                add_to(&mut image[run.from..run.from + source.len()], source);
            } else {
                for (i, &source) in source.iter().enumerate() {
                    image[run.from + i * run.step] += source;
                }
            }
        });
    }

    /// Visits each output row of each tap with the offset of its columns, the tap, and its pixels.
    fn walk(&self, rows: std::ops::Range<usize>, mut visit: impl FnMut(usize, usize, Run)) {
        let Window { input: [_, width], kernel, stride, before, output, .. } = self.window;
        let mut tap = 0;
        for channel in 0..self.channels {
            for down in 0..kernel[0] {
                let inside = self.window.inside(0, down);
                for right in 0..kernel[1] {
                    let to = self.window.inside(1, right);
                    for row in rows.clone() {
                        let mut run = Run { to: 0..0, from: 0, step: stride[1] };
                        if inside.contains(&row) && !to.is_empty() {
                            let y = row * stride[0] + down - before[0];
                            let x = to.start * stride[1] + right - before[1];
                            let from = channel * self.window.pixels() + y * width + x;
                            run = Run { to: to.clone(), from, ..run };
                        }
                        visit((row - rows.start) * output[1], tap, run);
                    }
                    tap += 1;
                }
            }
        }
    }
}

/// The pixels of one tap for one output row.
struct Run {
    /// The output columns whose pixels lie inside the image.
    to: std::ops::Range<usize>,
    /// The offset of the first of these pixels.
    from: usize,
    /// Their stride.
    step: usize,
}

/// The output `[batch, filters, rows, columns]`.
///
/// # Panics
/// If the length of a slice does not match the shape.
#[must_use]
pub fn forward<T: Real>(x: &[T], weight: &[T], bias: Option<&[T]>, shape: &Shape) -> Vec<T> {
    let weight = Matrix::new(weight, [shape.filters, shape.taps()]);
    let positions = shape.window.positions();
    let zeros = vec![T::ZERO; shape.filters];
    let bias = bias.unwrap_or(&zeros);
    let len = x.len() / shape.input() * shape.output();
    fresh::parts(len, shape.output(), Vec::new, |buffer, index, slots| {
        let image = &x[index * shape.input()..][..shape.input()];
        let output = fresh::write_planes(slots, positions, bias);
        shape.unfold(image, buffer, |columns, at| {
            let sizes = [shape.filters, at.len()];
            let mut output = MatrixMut::with_step(&mut output[at.start..], sizes, positions);
            product(&mut output, weight, columns, Store::Add, Threads::One);
        });
        output
    })
}

/// The gradients of the weights and of the bias.
///
/// # Panics
/// If the length of a slice does not match the shape.
#[must_use]
pub fn weight_gradient<T: Real>(x: &[T], gradient: &[T], shape: &Shape) -> (Vec<T>, Vec<T>) {
    let (taps, positions, group) = (shape.taps(), shape.window.positions(), shape.group());
    let partial = |buffer: &mut Vec<T>, (images, gradients): (&[T], &[T])| {
        let mut weight = vec![T::ZERO; shape.filters * taps];
        let mut bias = vec![T::ZERO; shape.filters];
        for (image, gradient) in images.chunks(shape.input()).zip(gradients.chunks(shape.output())) {
            shape.unfold(image, buffer, |columns, at| {
                let gradient = Matrix::with_step(&gradient[at.start..], [shape.filters, at.len()], positions);
                let mut weight = MatrixMut::new(&mut weight, [shape.filters, taps]);
                product(&mut weight, gradient, columns.t(), Store::Add, Threads::One);
            });
            for (bias, plane) in bias.iter_mut().zip(gradient.chunks(positions)) {
                *bias += sum(plane);
            }
        }
        (weight, bias)
    };
    let groups = x.par_chunks(group * shape.input()).zip(gradient.par_chunks(group * shape.output()));
    let partials: Vec<_> = groups.map_init(Vec::new, partial).collect();
    let nothing = (vec![T::ZERO; shape.filters * taps], vec![T::ZERO; shape.filters]);
    partials
        .into_iter()
        .reduce(|mut total, part| {
            add_to(&mut total.0, &part.0);
            add_to(&mut total.1, &part.1);
            total
        })
        .unwrap_or(nothing)
}

/// The gradient of the input.
///
/// # Panics
/// If the length of a slice does not match the shape.
#[must_use]
pub fn input_gradient<T: Real>(weight: &[T], gradient: &[T], shape: &Shape) -> Vec<T> {
    let (taps, positions, width) = (shape.taps(), shape.window.positions(), shape.window.output[1]);
    let weight = Matrix::new(weight, [shape.filters, taps]).t();
    let mut output = vec![T::ZERO; gradient.len() / shape.output() * shape.input()];
    output.par_chunks_mut(shape.input()).zip(gradient.par_chunks(shape.output())).for_each_init(
        Vec::new,
        |buffer, (image, gradient)| {
            if shape.window.is_pointwise() {
                let gradient = Matrix::new(gradient, [shape.filters, positions]);
                let mut image = MatrixMut::new(image, [taps, positions]);
                product(&mut image, weight, gradient, Store::Replace, Threads::One);
                return;
            }
            for first in (0..shape.window.output[0]).step_by(shape.tile_rows()) {
                let rows = first..shape.window.output[0].min(first + shape.tile_rows());
                let sizes = [shape.filters, rows.len() * width];
                let gradient = Matrix::with_step(&gradient[first * width..], sizes, positions);
                buffer.resize(taps * sizes[1], T::ZERO);
                let mut columns = MatrixMut::new(buffer, [taps, sizes[1]]);
                product(&mut columns, weight, gradient, Store::Replace, Threads::One);
                shape.fold(buffer, rows, image);
            }
        },
    );
    output
}
