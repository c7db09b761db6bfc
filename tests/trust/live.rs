//! Not tests: live layers in f64, and the distance of their values from jumps of the gradient.

use candle_core::{Device, Result, Tensor, Var};
use taper::config::Problems;
use taper::internals::model;
use taper::layers::{self, Mode};
use taper::network::{Operation, ParameterSpec, Plan};
use taper::random::Stream;
use taper::shape::Shape;
use taper_kernels::window::Window;

/// Live layers in f64 that compute their distance from kinks.
pub struct Live {
    plan: Plan,
    variables: Vec<Var>,
    /// The name, the variable, and whether it is trained.
    pub parameters: Vec<(String, Var, bool)>,
}

impl Live {
    /// The layers of `configs` with random parameters.
    pub fn new(configs: &[layers::Config], input: &Shape, draw: &mut Stream) -> Result<Self> {
        let config = model::Config { layers: configs.to_vec() };
        let plan = config.plan(input, &mut Problems::new(&mut Vec::new())).expect("layers that fit");
        let (mut variables, mut parameters) = (Vec::new(), Vec::new());
        for spec in &plan.specs {
            let values = first_values(spec, draw);
            let variable = Var::from_tensor(&Tensor::from_vec(values, spec.shape.clone(), &Device::Cpu)?)?;
            parameters.push((spec.name.clone(), variable.clone(), spec.trainable));
            variables.push(variable);
        }
        Ok(Self { plan, variables, parameters })
    }

    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        self.plan.forward(&self.variables, x, mode)
    }

    /// The smallest distance from a kink: of a value from 0 before an activation, and between the largest
    /// values of a pooling window. Values that are equal or exactly 0 were cut off by a previous layer: they
    /// change together, or not at all.
    pub fn distance_from_kinks(&self, x: &Tensor, mode: Mode) -> Result<f64> {
        let mut least = f64::INFINITY;
        self.plan.forward_with(&self.variables, &x.detach(), mode, |node, inputs| {
            let values = || inputs[0].flatten_all()?.to_vec1::<f64>();
            match &node.operation {
                Operation::Activation(_) => {
                    least = values()?.iter().map(|v| v.abs()).filter(|v| *v > 0.0).fold(least, f64::min);
                }
                Operation::MaxPool(window) => least = least.min(smallest_gap(&values()?, window)),
                _ => {}
            }
            Ok(())
        })?;
        Ok(least)
    }
}

/// The smallest difference between the largest and the second-largest value of a window.
fn smallest_gap(values: &[f64], window: &Window) -> f64 {
    let mut least = f64::INFINITY;
    for plane in values.chunks(window.pixels()) {
        for (row, column) in (0..window.output[0]).flat_map(|r| (0..window.output[1]).map(move |c| (r, c))) {
            let rows = window.covered(0, row);
            let pixels = rows.flat_map(|y| window.covered(1, column).map(move |x| y * window.input[1] + x));
            let mut own: Vec<f64> = pixels.map(|i| plane[i]).collect();
            own.sort_by(|a, b| b.total_cmp(a));
            let gaps = own.iter().skip(1).map(|value| own[0] - value).filter(|gap| *gap > 0.0);
            least = gaps.fold(least, f64::min);
        }
    }
    least
}

/// Uniform values whose range keeps outputs as large as inputs, representable in f32.
pub fn first_values(spec: &ParameterSpec, draw: &mut Stream) -> Vec<f64> {
    let width = 1.5 / (spec.fan_in.max(1) as f64).sqrt();
    let [low, high] = match spec.name.rsplit('.').next().unwrap_or_default() {
        "running_var" => [0.5, 1.5],
        // Scale factors: away from 0.
        "weight" if spec.shape.len() == 1 || spec.fan_in == 0 => [0.5, 1.5],
        _ => [-width, width],
    };
    (0..spec.shape.iter().product()).map(|_| f64::from(draw.uniform_in(low, high) as f32)).collect()
}
