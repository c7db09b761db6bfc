//! Element-wise functions, forward and backward.

use super::Grid;
use crate::simd::parts;
use crate::simd::team::Team;

/// A function with its derivative.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// y as a function of x.
    pub value: Value,
    /// dy/dx as a function of x and y.
    pub derivative: Derivative,
}

/// y as a function of x.
pub type Value = fn(f32) -> f32;

/// dy/dx as a function of x and y.
pub type Derivative = fn(f32, f32) -> f32;

/// Computes `y` from `x`, in the layouts of input and output.
///
/// # Panics
/// If a slice is too short.
pub fn forward(
    team: &mut Team,
    samples: usize,
    [input, output]: [&Grid; 2],
    function: Function,
    x: &[f32],
    y: &mut [f32],
) {
    let channels = input.channels;
    parts::for_each(team, samples, [(y, output.len())], |sample, [y]| {
        let x = input.sample(x, sample);
        for (from, to) in input.each_pixel().zip(output.each_pixel()) {
            for (y, &x) in y[to..to + channels].iter_mut().zip(&x[from..from + channels]) {
                *y = (function.value)(x);
            }
        }
    });
}

/// The arguments of [`backward`].
pub struct Backward<'a> {
    /// The inputs.
    pub x: &'a [f32],
    /// The outputs.
    pub y: &'a [f32],
    /// The gradient of the outputs.
    pub gradient: &'a [f32],
    /// Receives the gradient of the inputs.
    pub x_gradient: &'a mut [f32],
}

/// Computes the gradient of the inputs: dx = dy · dy/dx.
///
/// # Panics
/// If a slice is too short.
pub fn backward(
    team: &mut Team,
    samples: usize,
    [input, output]: [&Grid; 2],
    function: Function,
    pass: Backward<'_>,
) {
    let Backward { x, y, gradient, x_gradient } = pass;
    let channels = input.channels;
    parts::for_each(team, samples, [(x_gradient, input.len())], |sample, [dx]| {
        let (x, y, gradient) =
            (input.sample(x, sample), output.sample(y, sample), output.sample(gradient, sample));
        for (from, to) in input.each_pixel().zip(output.each_pixel()) {
            let pairs = x[from..from + channels].iter().zip(&y[to..to + channels]);
            let values = pairs.zip(&gradient[to..to + channels]);
            for (dx, ((&x, &y), &dy)) in dx[from..from + channels].iter_mut().zip(values) {
                *dx = dy * (function.derivative)(x, y);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::grid::tests::{gather, grids, random, scatter};
    use super::*;

    #[test]
    fn every_value_is_mapped_and_no_padding() {
        let square = Function { value: |x| x * x, derivative: |x, _| 2.0 * x };
        for [input, output] in grids() {
            let (xs, dys) = (random(&input, 5, 1), random(&input, 5, 2));
            for threads in 1..4 {
                let mut team = Team::new(threads);
                let (x, mut y) = (scatter(&input, &xs, 9.0), vec![-1.0; 5 * output.len()]);
                forward(&mut team, 5, [&input, &output], square, &x, &mut y);
                let squares: Vec<Vec<f32>> = xs.iter().map(|x| x.iter().map(|x| x * x).collect()).collect();
                assert_eq!(y, scatter(&output, &squares, -1.0), "padding is unchanged");

                let gradient = scatter(&output, &dys, 9.0);
                let mut dx = vec![-1.0; 5 * input.len()];
                let pass = Backward { x: &x, y: &y, gradient: &gradient, x_gradient: &mut dx };
                backward(&mut team, 5, [&input, &output], square, pass);
                let pairs =
                    gather(&input, &dx).concat().into_iter().zip(xs.concat().into_iter().zip(dys.concat()));
                for (dx, (x, dy)) in pairs {
                    assert_eq!(dx, dy * (2.0 * x));
                }
            }
        }
    }
}
