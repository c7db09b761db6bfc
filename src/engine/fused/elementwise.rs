//! Functions of each value that no other stage computes on its way.

use crate::layers::Activation;
use taper_kernels::simd::parts;

use super::layout::Layout;
use super::stage::{Stage, Turn, Update};

/// The stage.
pub struct Elementwise {
    /// Among the phases.
    pub name: String,
    /// The function.
    pub function: Function,
    /// Where inputs are.
    pub input: Layout,
    /// Where outputs go.
    pub output: Layout,
}

/// A function with its derivative.
#[derive(Clone, Copy)]
pub struct Function {
    value: Value,
    slope: Slope,
}

type Value = fn(f32) -> f32;

/// Of the input and the output.
type Slope = fn(f32, f32) -> f32;

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// The normal distribution function.
fn normal(x: f32) -> f32 {
    (0.5 * (1.0 + candle_core::cpu::erf::erf_f64(f64::from(x) * std::f64::consts::FRAC_1_SQRT_2))) as f32
}

/// The normal density.
fn density(x: f32) -> f32 {
    (-0.5 * x * x).exp() / std::f32::consts::TAU.sqrt()
}

impl Function {
    /// The function of `activation`; `None` for softmax, which is no function of single values.
    pub fn new(activation: Activation) -> Option<Self> {
        let (value, slope): (Value, Slope) = match activation {
            Activation::Relu => (|x| if x <= 0.0 { 0.0 } else { x }, |x, _| if x <= 0.0 { 0.0 } else { 1.0 }),
            Activation::LeakyRelu => {
                (|x| if x > 0.0 { x } else { 0.2 * x }, |x, _| if x > 0.0 { 1.0 } else { 0.2 })
            }
            Activation::Sigmoid => (sigmoid, |_, y| y * (1.0 - y)),
            Activation::Tanh => (f32::tanh, |_, y| 1.0 - y * y),
            Activation::Gelu => (|x| x * normal(x), |x, _| normal(x) + x * density(x)),
            Activation::Silu => (|x| x * sigmoid(x), |x, _| sigmoid(x) * (1.0 + x * (1.0 - sigmoid(x)))),
            Activation::Elu => {
                (|x| if x > 0.0 { x } else { x.exp_m1() }, |x, y| if x > 0.0 { 1.0 } else { y + 1.0 })
            }
            Activation::Softmax => return None,
        };
        Some(Self { value, slope })
    }
}

impl Stage for Elementwise {
    fn name(&self) -> &str {
        &self.name
    }

    fn output(&self) -> &Layout {
        &self.output
    }

    fn forward(&mut self, turn: &mut Turn<'_, '_>, x: &[f32], y: &mut [f32]) {
        let (input, output, value) = (&self.input, &self.output, self.function.value);
        let channels = input.channels();
        parts::for_each(turn.team, turn.samples, [(y, output.len())], |sample, [y]| {
            let x = &x[sample * input.len()..][..input.len()];
            for (from, to) in input.each_pixel().zip(output.each_pixel()) {
                for (y, &x) in y[to..to + channels].iter_mut().zip(&x[from..from + channels]) {
                    *y = value(x);
                }
            }
        });
    }

    fn backward(
        &mut self,
        turn: &mut Turn<'_, '_>,
        _update: &Update<'_>,
        x: &[f32],
        y: &[f32],
        gradient: &mut [f32],
        x_gradient: Option<&mut [f32]>,
    ) {
        let Some(x_gradient) = x_gradient else { return };
        let (input, output, slope) = (&self.input, &self.output, self.function.slope);
        let channels = input.channels();
        parts::for_each(turn.team, turn.samples, [(x_gradient, input.len())], |sample, [dx]| {
            let x = &x[sample * input.len()..][..input.len()];
            let start = sample * output.len();
            for (from, to) in input.each_pixel().zip(output.each_pixel().map(|to| start + to)) {
                let pairs = x[from..from + channels].iter().zip(&y[to..to + channels]);
                let values = pairs.zip(&gradient[to..to + channels]);
                for (dx, ((&x, &y), &dy)) in dx[from..from + channels].iter_mut().zip(values) {
                    *dx = dy * slope(x, y);
                }
            }
        });
    }
}
