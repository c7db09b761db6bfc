//! Multiplication by a mask, for dropout, and addition of noise.

use super::Grid;
use super::grid::each_value;
use crate::simd::parts;
use crate::simd::team::Team;

/// What is done to each value. The numbers are those of the values without padding, sample by sample, in PyTorch's
/// order.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// It is copied.
    None,
    /// It is multiplied.
    Times(&'a [f32]),
    /// A number is added.
    Plus(&'a [f32]),
}

/// Writes the values of `from`, changed, to `to`. The grids give the layouts of `from` and `to`. The gradient is
/// computed in the same way; that of an addition is a copy.
///
/// # Panics
/// If a slice is too short.
pub fn apply(
    team: &mut Team,
    samples: usize,
    [input, output]: [&Grid; 2],
    change: Change<'_>,
    from: &[f32],
    to: &mut [f32],
) {
    let values = input.values();
    parts::for_each(team, samples, [(to, output.len())], |sample, [to]| {
        let from = input.sample(from, sample);
        match change {
            Change::None => each_value(input, output, |i, j, _| to[j] = from[i]),
            Change::Times(mask) => {
                let mask = &mask[sample * values..][..values];
                each_value(input, output, |i, j, value| to[j] = from[i] * mask[value]);
            }
            Change::Plus(noise) => {
                let noise = &noise[sample * values..][..values];
                each_value(input, output, |i, j, value| to[j] = from[i] + noise[value]);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::grid::tests::{grids, random, scatter};
    use super::*;

    #[test]
    fn each_value_is_changed_by_its_own_number() {
        for [input, output] in grids() {
            let (xs, masks) = (random(&input, 4, 1), random(&input, 4, 2));
            let (x, mask) = (scatter(&input, &xs, 9.0), masks.concat());
            for threads in 1..4 {
                let mut team = Team::new(threads);
                let mut y = vec![-1.0; 4 * output.len()];
                for change in [Change::Times(&mask), Change::Plus(&mask)] {
                    let times = matches!(change, Change::Times(_));
                    let result = |x: f32, m: f32| if times { x * m } else { x + m };
                    apply(&mut team, 4, [&input, &output], change, &x, &mut y);
                    let of = |(x, mask): (&Vec<f32>, &Vec<f32>)| {
                        x.iter().zip(mask).map(|(x, m)| result(*x, *m)).collect()
                    };
                    let expected: Vec<Vec<f32>> = xs.iter().zip(&masks).map(of).collect();
                    assert_eq!(y, scatter(&output, &expected, -1.0));
                }
                apply(&mut team, 4, [&input, &output], Change::None, &x, &mut y);
                assert_eq!(y, scatter(&output, &xs, -1.0));
            }
        }
    }
}
