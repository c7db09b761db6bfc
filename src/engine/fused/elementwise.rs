//! Element-wise activations that are not fused into another stage.

use taper_kernels::fused::elementwise::{self as kernel, Derivative, Function, Value};

use super::layout::Layout;
use super::stage::{Sink, Stage, StepContext};
use crate::ops::Activation;

/// The stage.
pub struct Elementwise {
    /// Its name among the phases.
    pub name: String,
    /// The function.
    pub function: Function,
    /// The layout of the inputs.
    pub input: Layout,
    /// The layout of the outputs.
    pub output: Layout,
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + libm::expf(-x))
}

/// The cumulative distribution function of the standard normal distribution.
fn normal(x: f32) -> f32 {
    (0.5 * (1.0 + libm::erf(f64::from(x) * std::f64::consts::FRAC_1_SQRT_2))) as f32
}

/// The density of the standard normal distribution.
fn density(x: f32) -> f32 {
    libm::expf(-0.5 * x * x) / std::f32::consts::TAU.sqrt()
}

/// The function of `activation`; `None` for softmax, which is not element-wise.
pub fn function(activation: Activation) -> Option<Function> {
    let (value, derivative): (Value, Derivative) = match activation {
        Activation::Relu => (|x| if x <= 0.0 { 0.0 } else { x }, |x, _| if x <= 0.0 { 0.0 } else { 1.0 }),
        Activation::LeakyRelu => {
            (|x| if x > 0.0 { x } else { 0.2 * x }, |x, _| if x > 0.0 { 1.0 } else { 0.2 })
        }
        Activation::Sigmoid => (sigmoid, |_, y| y * (1.0 - y)),
        Activation::Tanh => (libm::tanhf, |_, y| 1.0 - y * y),
        Activation::Gelu => (|x| x * normal(x), |x, _| normal(x) + x * density(x)),
        Activation::Silu => (|x| x * sigmoid(x), |x, _| sigmoid(x) * (1.0 + x * (1.0 - sigmoid(x)))),
        Activation::Elu => {
            (|x| if x > 0.0 { x } else { libm::expm1f(x) }, |x, y| if x > 0.0 { 1.0 } else { y + 1.0 })
        }
        Activation::Softmax => return None,
    };
    Some(Function { value, derivative })
}

impl Stage for Elementwise {
    fn name(&self) -> &str {
        &self.name
    }

    fn output(&self) -> &Layout {
        &self.output
    }

    fn forward(&mut self, context: &mut StepContext<'_, '_>, x: &[f32], y: &mut [f32]) {
        let grids = [&self.input.grid(), &self.output.grid()];
        kernel::forward(context.team, context.samples, grids, self.function, x, y);
    }

    fn backward(
        &mut self,
        context: &mut StepContext<'_, '_>,
        _sink: &Sink<'_>,
        x: &[f32],
        y: &[f32],
        gradient: &mut [f32],
        x_gradient: Option<&mut [f32]>,
    ) {
        let Some(x_gradient) = x_gradient else { return };
        let grids = [&self.input.grid(), &self.output.grid()];
        let pass = kernel::Backward { x, y, gradient, x_gradient };
        kernel::backward(context.team, context.samples, grids, self.function, pass);
    }
}
