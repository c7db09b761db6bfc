//! Consecutive dense layers with few weights.

use crate::layers::Mode;
use taper_kernels::fused::fully_connected::chain::{self, Each, Gradient, Layer, MAX_LAYERS, Updated};
use taper_kernels::fused::fully_connected::{rows, stride};
use taper_kernels::simd::arena::Arena;
use taper_kernels::work::Work;

use super::dense::Dense;
use super::layout::Layout;
use super::stage::{Sink, Stage, StepContext};

/// The stage.
pub struct Chain {
    name: String,
    layers: Vec<Dense>,
    /// The outputs of all layers but the last, and their gradients.
    between: Vec<[Arena; 2]>,
}

impl Chain {
    /// A chain of `layers`: at least two, at most [`MAX_LAYERS`].
    pub fn new(layers: Vec<Dense>) -> Self {
        let name = |layer: Option<&Dense>| layer.map_or_else(String::new, |layer| layer.name.clone());
        let name = format!("{} to {}", name(layers.first()), name(layers.last()));
        let between = layers.iter().skip(1).map(|_| Default::default()).collect();
        Self { name, layers, between }
    }

    /// The parameters of each layer: its weights and its bias.
    fn parameters(&self) -> [[Option<usize>; 2]; MAX_LAYERS] {
        let mut parameters = [[None; 2]; MAX_LAYERS];
        for (own, layer) in parameters.iter_mut().zip(&self.layers) {
            *own = [Some(layer.weight), layer.bias];
        }
        parameters
    }
}

impl Stage for Chain {
    fn name(&self) -> &str {
        &self.name
    }

    fn output(&self) -> &Layout {
        &self.layers[self.layers.len() - 1].output
    }

    fn reserve(&mut self, samples: usize, threads: usize, training: bool) {
        for layer in &mut self.layers {
            layer.reserve(samples, threads, training);
        }
        for (layer, [values, gradient]) in self.layers.iter().zip(&mut self.between) {
            let len = rows(samples) * stride(layer.units());
            values.reserve(len);
            if training {
                gradient.reserve(len);
            }
        }
    }

    fn forward(&mut self, context: &mut StepContext<'_, '_>, x: &[f32], y: &mut [f32]) {
        if matches!(context.mode, Mode::Inference) {
            let mut x = x;
            let mut outputs = self.between.iter_mut().map(|[values, _]| &mut **values).chain([y]);
            for layer in &mut self.layers {
                let Some(y) = outputs.next() else { return };
                layer.forward(context, x, y);
                x = y;
            }
            return;
        }
        for layer in &mut self.layers {
            layer.draw_mask(context);
        }
        let mut outputs = self.between.iter_mut().map(|[values, _]| &mut **values).chain([y]);
        let mut layers: Each<Layer<'_>> = Default::default();
        for (slot, layer) in layers.iter_mut().zip(&self.layers) {
            *slot = outputs.next().map(|y| Layer {
                inputs: layer.inputs,
                units: layer.units(),
                weight: context.weights.get(layer.weight),
                bias: layer.bias.map(|bias| context.weights.get(bias)),
                slope: layer.slope,
                mask: layer.mask(context.mode),
                y,
            });
        }
        chain::forward(context.team, context.isa, context.samples, x, layers);
    }

    fn backward(
        &mut self,
        context: &mut StepContext<'_, '_>,
        sink: &Sink<'_>,
        x: &[f32],
        y: &[f32],
        gradient: &mut [f32],
        x_gradient: Option<&mut [f32]>,
    ) {
        let parameters = self.parameters();
        let (samples, isa, mode) = (context.samples, context.isa, context.mode);
        let mut layers: Each<Gradient<'_>> = Default::default();
        let mut outputs = self.between.iter_mut().map(|[values, gradient]| (&**values, &mut **gradient));
        let mut last = Some((y, &mut *gradient));
        for (slot, layer) in layers.iter_mut().zip(&mut self.layers) {
            let (units, masked) = (layer.units(), layer.is_masked(mode));
            let Some((y, gradient)) = outputs.next().or_else(|| last.take()) else { break };
            let (mask, transposed) = layer.memory.on_the_way_back();
            *slot = Some(Gradient {
                inputs: layer.inputs,
                units,
                weight: context.weights.get(layer.weight),
                slope: layer.slope,
                mask: masked.then_some(mask),
                y,
                gradient,
                transposed,
            });
        }
        chain::backward(context.team, isa, samples, layers, x_gradient);

        let mut trained = context.weights.train_all(&parameters);
        let inputs = std::iter::once(x).chain(self.between.iter().map(|[values, _]| &**values));
        let deltas = self.between.iter().map(|[_, gradient]| &**gradient).chain([&*gradient]);
        let mut layers: Each<Updated<'_>> = Default::default();
        for (i, ((layer, x), delta)) in self.layers.iter().zip(inputs).zip(deltas).enumerate() {
            let [weight, bias] = &mut trained[i];
            layers[i] = weight.take().map(|weight| Updated {
                inputs: layer.inputs,
                units: layer.units(),
                x,
                delta,
                weight,
                bias: bias.take(),
            });
        }
        context.finite &= sink.run(Work::Chain(chain::Update { team: context.team, isa, samples, layers }));
    }
}
