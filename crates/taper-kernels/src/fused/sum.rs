//! Sums of two tensors, and copies, between layouts.

use super::Grid;
use crate::simd::parts;
use crate::simd::team::Team;

/// Copies `x` to `y`, between the layouts `from` and `to`.
///
/// # Panics
/// If a slice is too short.
pub fn copy(team: &mut Team, samples: usize, [from, to]: [&Grid; 2], x: &[f32], y: &mut [f32]) {
    let channels = from.channels;
    parts::for_each(team, samples, [(y, to.len())], |sample, [y]| {
        let x = from.sample(x, sample);
        for (from, to) in from.each_pixel().zip(to.each_pixel()) {
            y[to..to + channels].copy_from_slice(&x[from..from + channels]);
        }
    });
}

/// Computes `y` = a + b for `samples` samples, each tensor in its own layout.
///
/// # Panics
/// If a slice is too short.
pub fn add(team: &mut Team, samples: usize, [a, b]: [(Grid, &[f32]); 2], (to, y): (Grid, &mut [f32])) {
    let channels = to.channels;
    parts::for_each(team, samples, [(y, to.len())], |sample, [y]| {
        let [(a, a_values), (b, b_values)] = [a, b].map(|(grid, values)| (grid, grid.sample(values, sample)));
        for (to, (a, b)) in to.each_pixel().zip(a.each_pixel().zip(b.each_pixel())) {
            let terms = a_values[a..a + channels].iter().zip(&b_values[b..b + channels]);
            for (y, (a, b)) in y[to..to + channels].iter_mut().zip(terms) {
                *y = a + b;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::grid::tests::{grids, random, scatter};
    use super::*;

    #[test]
    fn every_value_is_copied_or_added_and_no_padding() {
        for [from, to] in grids() {
            let [a, b] = [1, 2].map(|seed| random(&from, 5, seed));
            let sums: Vec<Vec<f32>> =
                a.iter().zip(&b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a + b).collect()).collect();
            for threads in 1..4 {
                let mut team = Team::new(threads);
                let (x, mut y) = (scatter(&from, &a, 9.0), vec![-1.0; 5 * to.len()]);
                copy(&mut team, 5, [&from, &to], &x, &mut y);
                assert_eq!(y, scatter(&to, &a, -1.0), "padding is unchanged");

                let other = scatter(&to, &b, 9.0);
                let mut y = vec![-1.0; 5 * to.len()];
                add(&mut team, 5, [(from, &x), (to, &other)], (to, &mut y));
                assert_eq!(y, scatter(&to, &sums, -1.0), "padding is unchanged");
            }
        }
    }
}
