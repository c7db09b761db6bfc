//! Multiplication by a mask, for dropout.

use super::Grid;
use super::grid::each_value;
use crate::simd::parts;
use crate::simd::team::Team;

/// Writes the values of `from`, multiplied by `mask` if there is one, to `to`. The grids give the layouts
/// of `from` and `to`; the mask has one factor for each value without padding, sample by sample, in
/// PyTorch's order. The gradient is computed in the same way.
///
/// # Panics
/// If a slice is too short.
pub fn apply(
    team: &mut Team,
    samples: usize,
    [input, output]: [&Grid; 2],
    mask: Option<&[f32]>,
    from: &[f32],
    to: &mut [f32],
) {
    let values = input.values();
    parts::for_each(team, samples, [(to, output.len())], |sample, [to]| {
        let from = input.sample(from, sample);
        match mask {
            Some(mask) => {
                let mask = &mask[sample * values..][..values];
                each_value(input, output, |i, j, value| to[j] = from[i] * mask[value]);
            }
            None => each_value(input, output, |i, j, _| to[j] = from[i]),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::grid::tests::{grids, random, scatter};
    use super::*;

    #[test]
    fn each_value_is_multiplied_by_its_own_factor() {
        for [input, output] in grids() {
            let (xs, masks) = (random(&input, 4, 1), random(&input, 4, 2));
            let (x, mask) = (scatter(&input, &xs, 9.0), masks.concat());
            for threads in 1..4 {
                let mut team = Team::new(threads);
                let mut y = vec![-1.0; 4 * output.len()];
                apply(&mut team, 4, [&input, &output], Some(&mask), &x, &mut y);
                let product =
                    |(x, mask): (&Vec<f32>, &Vec<f32>)| x.iter().zip(mask).map(|(x, m)| x * m).collect();
                let expected: Vec<Vec<f32>> = xs.iter().zip(&masks).map(product).collect();
                assert_eq!(y, scatter(&output, &expected, -1.0));
                apply(&mut team, 4, [&input, &output], None, &x, &mut y);
                assert_eq!(y, scatter(&output, &xs, -1.0));
            }
        }
    }
}
