//! Pooling of channels-last images, over any windows.

use super::Grid;
use crate::simd::parts;
use crate::simd::team::Team;
use crate::window::Window;

/// How a window is reduced to one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The maximum. Among equal values the first gets the gradient; NaN is larger than all numbers, and the
    /// last NaN gets the gradient, as in PyTorch.
    Max,
    /// The mean, excluding padding.
    Mean,
}

/// The windows, and the layouts of inputs and outputs.
#[derive(Clone, Copy, Debug)]
pub struct Pooling {
    /// How a window is reduced.
    pub kind: Kind,
    /// The windows.
    pub window: Window,
    /// The layout of the inputs.
    pub input: Grid,
    /// The layout of the outputs.
    pub output: Grid,
}

impl Pooling {
    /// Computes the outputs of `samples` images.
    ///
    /// # Panics
    /// If a slice is too short, or the windows reach beyond the image.
    pub fn forward(&self, team: &mut Team, samples: usize, x: &[f32], y: &mut [f32]) {
        let channels = self.input.channels;
        parts::for_each(team, samples, [(y, self.output.len())], |sample, [y]| {
            let x = self.input.sample(x, sample);
            let mut best = vec![0; channels];
            self.each_window(|to, pixels| {
                let y = &mut y[to..to + channels];
                match self.kind {
                    Kind::Max => {
                        largest(x, pixels, &mut best);
                        y.iter_mut().zip(&best).for_each(|(y, &best)| *y = x[best]);
                    }
                    Kind::Mean => {
                        y.fill(0.0);
                        let mut count = 0.0;
                        for pixel in pixels {
                            y.iter_mut().zip(&x[pixel..]).for_each(|(y, x)| *y += x);
                            count += 1.0;
                        }
                        for y in y {
                            *y /= count;
                        }
                    }
                }
            });
        });
    }

    /// Computes the gradient of the inputs from the gradient of the outputs.
    ///
    /// # Panics
    /// If a slice is too short, or the windows reach beyond the image.
    pub fn backward(
        &self,
        team: &mut Team,
        samples: usize,
        x: &[f32],
        gradient: &[f32],
        x_gradient: &mut [f32],
    ) {
        let channels = self.input.channels;
        parts::for_each(team, samples, [(x_gradient, self.input.len())], |sample, [dx]| {
            let (x, gradient) = (self.input.sample(x, sample), self.output.sample(gradient, sample));
            dx.fill(0.0);
            let mut best = vec![0; channels];
            self.each_window(|from, pixels| {
                let gradient = &gradient[from..from + channels];
                match self.kind {
                    Kind::Max => {
                        largest(x, pixels, &mut best);
                        best.iter().zip(gradient).for_each(|(&best, gradient)| dx[best] += gradient);
                    }
                    Kind::Mean => {
                        let pixels: Vec<usize> = pixels.collect();
                        let share = 1.0 / pixels.len() as f32;
                        for pixel in pixels {
                            dx[pixel..].iter_mut().zip(gradient).for_each(|(dx, g)| *dx += g * share);
                        }
                    }
                }
            });
        });
    }

    /// Visits the windows of a sample in order, with the offset of the output pixel and those of the input
    /// pixels.
    fn each_window(&self, mut visit: impl FnMut(usize, &mut dyn Iterator<Item = usize>)) {
        let [height, width] = self.window.output;
        for row in 0..height {
            for column in 0..width {
                let rows = self.window.covered(0, row);
                let columns = self.window.covered(1, column);
                let image = self.input.image;
                let pixels = rows.flat_map(|row| columns.clone().map(move |column| image.pixel(row, column)));
                visit(self.output.image.pixel(row, column), &mut { pixels });
            }
        }
    }
}

/// Finds the offset in the sample `x` of the largest value of each channel of a window.
fn largest(x: &[f32], pixels: &mut dyn Iterator<Item = usize>, best: &mut [usize]) {
    if let Some(first) = pixels.next() {
        best.iter_mut().enumerate().for_each(|(channel, best)| *best = first + channel);
    }
    for pixel in pixels {
        for (channel, best) in best.iter_mut().enumerate() {
            let value = x[pixel + channel];
            if value > x[*best] || value.is_nan() {
                *best = pixel + channel;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::channels_last::Image;
    use super::super::grid::tests::{gather, random, scatter};
    use super::*;
    use crate::plain::max_pool2d;

    fn pooling(kind: Kind, window: Window, channels: usize) -> Pooling {
        let grid =
            |size, before, after| Grid { channels, image: Image { channels: 16, size, before, after } };
        let (input, output) = (grid(window.input, [1, 0], [0, 2]), grid(window.output, [0, 1], [1, 0]));
        Pooling { kind, window, input, output }
    }

    fn windows() -> [Window; 3] {
        [
            Window::valid([6, 6], [2, 2], [2, 2]).expect("is possible"),
            Window::same([5, 7], [3, 3], [2, 2]).expect("is possible"),
            Window::valid([5, 4], [3, 2], [1, 1]).expect("is possible"),
        ]
    }

    /// Outputs and gradients of the inputs, sample by sample in PyTorch's order.
    fn run(pooling: &Pooling, threads: usize, xs: &[Vec<f32>], dys: &[Vec<f32>]) -> [Vec<Vec<f32>>; 2] {
        let (mut team, samples) = (Team::new(threads), xs.len());
        let x = scatter(&pooling.input, xs, 99.0);
        let mut y = vec![0.0; samples * pooling.output.len()];
        pooling.forward(&mut team, samples, &x, &mut y);
        let gradient = scatter(&pooling.output, dys, 99.0);
        let mut dx = vec![7.0; samples * pooling.input.len()];
        pooling.backward(&mut team, samples, &x, &gradient, &mut dx);
        [gather(&pooling.output, &y), gather(&pooling.input, &dx)]
    }

    #[test]
    fn maxima_and_their_gradients_equal_the_plain_kernels() {
        for window in windows() {
            let pooling = pooling(Kind::Max, window, 3);
            let (mut xs, dys) = (random(&pooling.input, 3, 1), random(&pooling.output, 3, 2));
            xs[1][0] = f32::INFINITY;
            xs[1][1] = f32::NAN;
            xs[2][2] = f32::NAN;
            xs[2][3] = f32::INFINITY;
            let (y, argmax) = max_pool2d::forward(&xs.concat(), &window);
            let dx = max_pool2d::backward(&dys.concat(), &argmax, &window);
            for threads in 1..4 {
                let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                let [own_y, own_dx] = run(&pooling, threads, &xs, &dys).map(|samples| samples.concat());
                assert_eq!(bits(&own_y), bits(&y), "{window:?}");
                // Overlapping windows add in another order.
                let close = own_dx.iter().zip(&dx).all(|(a, b)| (a - b).abs() <= 1e-6);
                assert!(close, "{window:?}: {own_dx:?} {dx:?}");
            }
        }
    }

    #[test]
    fn means_exclude_padding_and_share_their_gradient() {
        for window in windows() {
            let pooling = pooling(Kind::Mean, window, 2);
            let (xs, dys) = (random(&pooling.input, 2, 3), random(&pooling.output, 2, 4));
            let [y, dx] = run(&pooling, 2, &xs, &dys);
            let (pixels, positions) = (window.pixels(), window.positions());
            for (sample, channel) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let mut expected = vec![0.0_f64; pixels];
                for position in 0..positions {
                    let [row, column] = [position / window.output[1], position % window.output[1]];
                    let covered: Vec<usize> = window
                        .covered(0, row)
                        .flat_map(|row| window.covered(1, column).map(move |c| row * window.input[1] + c))
                        .collect();
                    let value = |pixel: &usize| f64::from(xs[sample][channel * pixels + pixel]);
                    let mean = covered.iter().map(value).sum::<f64>() / covered.len() as f64;
                    let at = channel * positions + position;
                    assert!((f64::from(y[sample][at]) - mean).abs() < 1e-5);
                    for pixel in &covered {
                        expected[*pixel] += f64::from(dys[sample][at]) / covered.len() as f64;
                    }
                }
                for (pixel, expected) in expected.iter().enumerate() {
                    assert!((f64::from(dx[sample][channel * pixels + pixel]) - expected).abs() < 1e-5);
                }
            }
        }
    }
}
