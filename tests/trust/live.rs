//! Not tests: live layers in f64, and how near their values are to where a gradient jumps.

use candle_core::{Device, Result, Tensor, Var};
use serde_json::{Value as Json, json};
use taper::layers::{self, Layer, Mode, Padding, Pool};
use taper::random::Stream;
use taper::shape::Shape;
use taper_kernels::window::Window;

/// Live layers in f64, which know how near they are to a kink.
pub struct Live {
    layers: Vec<Part>,
    /// Name, variable, and whether it is trained.
    pub parameters: Vec<(String, Var, bool)>,
}

struct Part {
    layer: Box<dyn Layer>,
    /// The same without its activation, which may have a kink at 0.
    before: Option<Box<dyn Layer>>,
    /// Where ties may be.
    window: Option<Window>,
}

impl Live {
    /// The layers that `configs` say; parameters are drawn.
    pub fn new(configs: &[layers::Config], input: &Shape, draw: &mut Stream) -> Result<Self> {
        let (mut layers, mut parameters) = (Vec::new(), Vec::new());
        let mut shape = input.clone();
        for (index, config) in configs.iter().enumerate() {
            let mut own = Vec::new();
            for spec in config.member().parameters(&shape) {
                let values = first_values(&spec, draw);
                let variable =
                    Var::from_tensor(&Tensor::from_vec(values, spec.shape.clone(), &Device::Cpu)?)?;
                parameters.push((format!("{index}.{}", spec.name), variable.clone(), spec.trainable));
                own.push(variable);
            }
            let json = serde_json::to_value(config).expect("plain data");
            let bare = match config {
                layers::Config::activation(_) => Some(json!({ "dropout": { "rate": 0.0 } })),
                _ => json[config.name()].get("activation").filter(|own| !own.is_null()).map(|_| {
                    let mut bare = json.clone();
                    bare[config.name()]["activation"] = Json::Null;
                    bare
                }),
            };
            let before = bare.map(|bare| {
                let bare: layers::Config = serde_json::from_value(bare).expect("a layer");
                bare.member().build(&shape, &own, index)
            });
            let window = match (config, shape.image()) {
                (layers::Config::max_pool2d(_), Some([_, height, width])) => {
                    let pool: Pool = serde_json::from_value(json["max_pool2d"].clone()).expect("a pool");
                    let (kernel, strides) = (pool.pool_size, pool.strides.unwrap_or(pool.pool_size));
                    let make = if pool.padding == Padding::Same { Window::same } else { Window::valid };
                    Some(make([height, width], kernel.sides(), strides.sides()).expect("a window"))
                }
                _ => None,
            };
            layers.push(Part { layer: config.member().build(&shape, &own, index), before, window });
            shape = config.member().output_shape(&shape).expect("layers that fit");
        }
        Ok(Self { layers, parameters })
    }

    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        self.layers.iter().try_fold(x.clone(), |x, part| part.layer.forward(&x, mode))
    }

    /// The smallest distance from a kink: of a value from 0 before an activation, and of the largest
    /// values of a pooling window from each other. Values that are equal, or exactly 0, are what a
    /// layer before cut off: they move together, or not at all.
    pub fn distance_from_kinks(&self, x: &Tensor, mode: Mode) -> Result<f64> {
        let mut x = x.detach();
        let mut least = f64::INFINITY;
        for part in &self.layers {
            if let Some(before) = &part.before {
                let values = before.forward(&x, mode)?.flatten_all()?.to_vec1::<f64>()?;
                least = values.iter().map(|v| v.abs()).filter(|v| *v > 0.0).fold(least, f64::min);
            }
            if let Some(window) = &part.window {
                least = least.min(smallest_gap(&x.flatten_all()?.to_vec1::<f64>()?, window));
            }
            x = part.layer.forward(&x, mode)?.detach();
        }
        Ok(least)
    }
}

/// The smallest difference between the largest and the second value of a window.
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

/// Uniform values of the width that keeps outputs as large as inputs, representable in f32.
pub fn first_values(spec: &layers::ParameterSpec, draw: &mut Stream) -> Vec<f64> {
    let width = 1.5 / (spec.fan_in.max(1) as f64).sqrt();
    let [low, high] = match spec.name {
        "running_var" => [0.5, 1.5],
        // Scales: away from 0.
        "weight" if spec.shape.len() == 1 || spec.fan_in == 0 => [0.5, 1.5],
        _ => [-width, width],
    };
    (0..spec.shape.iter().product()).map(|_| f64::from(draw.uniform_in(low, high) as f32)).collect()
}
