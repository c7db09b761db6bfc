//! Sums of two tensors with an activation, the gradient of the activation, and copies, between layouts.

use super::Grid;
use super::pixelwise::{Function, map};
use crate::simd::lanes::{Isa, Lanes};
use crate::simd::team::Team;

/// The value itself.
struct Same;

impl Function<1> for Same {
    #[inline(always)]
    unsafe fn value<L: Lanes>(&self, _channel: usize, [x]: [L; 1]) -> L {
        x
    }
}

/// Copies `x` to `y`, between the layouts `from` and `to`.
///
/// # Panics
/// If a slice is too short, or the shapes differ.
pub fn copy((team, isa): (&mut Team, Isa), samples: usize, [from, to]: [&Grid; 2], x: &[f32], y: &mut [f32]) {
    map((team, isa), samples, &Same, [(from, x)], (to, y));
}

/// a + b, followed by an activation with this slope below 0, if any.
struct Sum(Option<f32>);

impl Function<2> for Sum {
    #[inline(always)]
    unsafe fn value<L: Lanes>(&self, _channel: usize, [a, b]: [L; 2]) -> L {
        match self.0 {
            Some(slope) => (a + b).leaky(slope),
            None => a + b,
        }
    }
}

/// Computes `y` = f(a + b) for `samples` samples, each tensor in its own layout, where f is an activation with this slope below 0 (0
/// for `relu`), or the identity.
///
/// # Panics
/// If a slice is too short, or the shapes differ.
pub fn add(
    (team, isa): (&mut Team, Isa),
    samples: usize,
    slope: Option<f32>,
    [a, b]: [(Grid, &[f32]); 2],
    (to, y): (Grid, &mut [f32]),
) {
    map((team, isa), samples, &Sum(slope), [(&a.0, a.1), (&b.0, b.1)], (&to, y));
}

/// The gradient of an activation's input, from those of its output.
struct Gradient(f32);

impl Function<2> for Gradient {
    #[inline(always)]
    unsafe fn value<L: Lanes>(&self, _channel: usize, [gradient, output]: [L; 2]) -> L {
        gradient.leaky_gradient(output, self.0)
    }
}

/// Computes the gradient of a + b from that of `y` = f(a + b), with the slope of the activation f; all in the layout `grid`.
///
/// # Panics
/// If a slice is too short.
pub fn gradient(
    (team, isa): (&mut Team, Isa),
    samples: usize,
    slope: f32,
    grid: &Grid,
    [gradient, y]: [&[f32]; 2],
    to: &mut [f32],
) {
    map((team, isa), samples, &Gradient(slope), [(grid, gradient), (grid, y)], (grid, to));
}

#[cfg(test)]
mod tests {
    use super::super::grid::tests::{grids, random, scatter};
    use super::*;

    #[test]
    fn every_value_is_copied_or_added_and_no_padding() {
        for [from, to] in grids() {
            let [a, b] = [1, 2].map(|seed| random(&from, 5, seed));
            let sums = |slope: f32| -> Vec<Vec<f32>> {
                let value = |(a, b): (&f32, &f32)| if a + b > 0.0 { a + b } else { slope * (a + b) };
                a.iter().zip(&b).map(|(a, b)| a.iter().zip(b).map(value).collect()).collect()
            };
            for (isa, threads) in Isa::all().flat_map(|isa| (1..4).map(move |threads| (isa, threads))) {
                let mut team = Team::new(threads);
                let (x, mut y) = (scatter(&from, &a, 9.0), vec![-1.0; 5 * to.len()]);
                copy((&mut team, isa), 5, [&from, &to], &x, &mut y);
                assert_eq!(y, scatter(&to, &a, -1.0), "padding is unchanged");

                let other = scatter(&to, &b, 9.0);
                for (slope, expected) in [(None, 1.0), (Some(0.25), 0.25)] {
                    let mut y = vec![-1.0; 5 * to.len()];
                    add((&mut team, isa), 5, slope, [(from, &x), (to, &other)], (to, &mut y));
                    assert_eq!(y, scatter(&to, &sums(expected), -1.0), "padding is unchanged");
                }
            }
        }
    }

    #[test]
    fn gradients_pass_where_the_output_is_above_0() {
        for [grid, _] in grids() {
            let [dy, y] = [1, 2].map(|seed| random(&grid, 5, seed));
            let pairs = dy.concat().into_iter().zip(y.concat());
            let expected: Vec<f32> = pairs.map(|(dy, y)| if y > 0.0 { dy } else { 0.25 * dy }).collect();
            let expected: Vec<Vec<f32>> = expected.chunks(grid.values()).map(<[f32]>::to_vec).collect();
            for isa in Isa::all() {
                let (dy, y) = (scatter(&grid, &dy, 9.0), scatter(&grid, &y, 9.0));
                let mut to = vec![-1.0; 5 * grid.len()];
                gradient((&mut Team::new(2), isa), 5, 0.25, &grid, [&dy, &y], &mut to);
                assert_eq!(to, scatter(&grid, &expected, -1.0), "padding is unchanged");
            }
        }
    }
}
