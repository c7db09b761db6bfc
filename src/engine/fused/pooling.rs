//! Pooling that no convolution does on its way.

use taper_kernels::simd::parts;
use taper_kernels::window::Window;

use super::layout::Layout;
use super::stage::{Stage, Turn, Update};

/// What is made of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The largest value; the first of equals gets the gradient, and NaN counts as infinite.
    Max,
    /// The mean of the values that are not padding.
    Mean,
}

/// The stage.
pub struct Pooling {
    /// Among the phases.
    pub name: String,
    /// What is made of a window.
    pub kind: Kind,
    /// Which windows.
    pub window: Window,
    /// Where inputs are.
    pub input: Layout,
    /// Where outputs go.
    pub output: Layout,
}

impl Pooling {
    /// Visits the windows of a sample in order: where the output pixel is, and the input's pixels.
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

    /// Where in the sample `x` the largest value of each channel of a window is.
    fn largest(x: &[f32], pixels: &mut dyn Iterator<Item = usize>, best: &mut [usize]) {
        if let Some(first) = pixels.next() {
            best.iter_mut().enumerate().for_each(|(channel, best)| *best = first + channel);
        }
        for pixel in pixels {
            for (channel, best) in best.iter_mut().enumerate() {
                let value = x[pixel + channel];
                if value > x[*best] || (value.is_nan() && !x[*best].is_nan()) {
                    *best = pixel + channel;
                }
            }
        }
    }
}

impl Stage for Pooling {
    fn name(&self) -> &str {
        &self.name
    }

    fn output(&self) -> &Layout {
        &self.output
    }

    fn forward(&mut self, turn: &mut Turn<'_, '_>, x: &[f32], y: &mut [f32]) {
        let (len, channels) = (self.input.len(), self.input.channels());
        parts::for_each(turn.team, turn.samples, [(y, self.output.len())], |sample, [y]| {
            let x = &x[sample * len..][..len];
            let mut best = vec![0; channels];
            self.each_window(|to, pixels| {
                let y = &mut y[to..to + channels];
                match self.kind {
                    Kind::Max => {
                        Self::largest(x, pixels, &mut best);
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

    fn backward(
        &mut self,
        turn: &mut Turn<'_, '_>,
        _update: &Update<'_>,
        x: &[f32],
        _y: &[f32],
        gradient: &mut [f32],
        x_gradient: Option<&mut [f32]>,
    ) {
        let Some(x_gradient) = x_gradient else { return };
        let (len, channels) = (self.input.len(), self.input.channels());
        let output = self.output.len();
        parts::for_each(turn.team, turn.samples, [(x_gradient, len)], |sample, [dx]| {
            let x = &x[sample * len..][..len];
            dx.fill(0.0);
            let mut best = vec![0; channels];
            self.each_window(|from, pixels| {
                let gradient = &gradient[sample * output + from..][..channels];
                match self.kind {
                    Kind::Max => {
                        Self::largest(x, pixels, &mut best);
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
}
