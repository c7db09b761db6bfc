//! The same convolution as plain loops in `f64`, in PyTorch's order, for tests.

use crate::window::Window;

/// A convolution, 2x2 max-pooling if `pooled`, then an activation.
#[derive(Clone, Copy, Debug)]
pub struct Plain {
    pub window: Window,
    pub channels: usize,
    pub filters: usize,
    pub pooled: bool,
    pub slope: Option<f32>,
}

/// The results for one sample.
pub struct Sample {
    /// `[filters, height, width]`.
    pub y: Vec<f64>,
    /// `[channels, height, width]`.
    pub x_gradient: Vec<f64>,
}

/// The sums over a batch.
pub struct Gradients {
    /// `[filters, channels, height, width]`.
    pub weight: Vec<f64>,
    /// `[filters]`.
    pub bias: Vec<f64>,
}

impl Plain {
    pub fn output(&self) -> [usize; 2] {
        if self.pooled { self.window.output.map(|side| side / 2) } else { self.window.output }
    }

    pub fn weights(&self) -> usize {
        self.filters * self.channels * self.window.kernel[0] * self.window.kernel[1]
    }

    /// Calls `visit` with the offsets in the sample and in the filters of all values under filter `filter`
    /// at position `[row, column]`.
    fn each_tap(&self, filter: usize, position: [usize; 2], mut visit: impl FnMut(usize, usize)) {
        let Window { input, kernel, stride, before, .. } = self.window;
        for channel in 0..self.channels {
            for i in 0..kernel[0] {
                for j in 0..kernel[1] {
                    let row = (position[0] * stride[0] + i).checked_sub(before[0]);
                    let column = (position[1] * stride[1] + j).checked_sub(before[1]);
                    let (Some(row), Some(column)) = (row, column) else { continue };
                    if row < input[0] && column < input[1] {
                        let weight = ((filter * self.channels + channel) * kernel[0] + i) * kernel[1] + j;
                        visit((channel * input[0] + row) * input[1] + column, weight);
                    }
                }
            }
        }
    }

    /// Returns the outputs of the sample `x` and, given their gradient `dy`, the gradient of `x`; the
    /// gradients of the parameters are added to `sums`.
    pub fn sample(
        &self,
        x: &[f32],
        weight: &[f32],
        bias: &[f32],
        dy: &[f32],
        sums: &mut Gradients,
    ) -> Sample {
        let [height, width] = self.output();
        let mut y = vec![0.0; self.filters * height * width];
        let mut x_gradient = vec![0.0; x.len()];
        for filter in 0..self.filters {
            for row in 0..height {
                for column in 0..width {
                    let positions = if self.pooled {
                        let (r, c) = (2 * row, 2 * column);
                        vec![[r, c], [r, c + 1], [r + 1, c], [r + 1, c + 1]]
                    } else {
                        vec![[row, column]]
                    };
                    let mut best = (f64::NEG_INFINITY, positions[0]);
                    for position in positions {
                        let mut sum = f64::from(bias[filter]);
                        self.each_tap(filter, position, |i, j| sum += f64::from(x[i]) * f64::from(weight[j]));
                        if sum > best.0 {
                            best = (sum, position);
                        }
                    }
                    let (sum, position) = best;
                    let slope = if sum > 0.0 { 1.0 } else { self.slope.map_or(1.0, f64::from) };
                    let at = (filter * height + row) * width + column;
                    y[at] = sum * slope;
                    let delta = f64::from(dy[at]) * slope;
                    sums.bias[filter] += delta;
                    self.each_tap(filter, position, |i, j| {
                        sums.weight[j] += delta * f64::from(x[i]);
                        x_gradient[i] += delta * f64::from(weight[j]);
                    });
                }
            }
        }
        Sample { y, x_gradient }
    }
}
