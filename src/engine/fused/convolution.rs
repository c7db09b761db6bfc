//! A convolution with its bias, activation, 2x2 max-pooling and flattening.

use taper_kernels::fused::channels_last::{BackwardPass, Convolution as Kernel, ForwardPass};
use taper_kernels::simd::arena::Arena;

use super::layout::Layout;
use super::stage::{Sink, Stage, StepContext};

/// The stage.
pub struct Convolution {
    /// Its name among the phases.
    pub name: String,
    /// The layout of the outputs.
    pub output: Layout,
    /// The layouts of the products.
    pub kernel: Kernel,
    /// The index of the parameter `[filters, channels, height, width]`, and its number of values.
    pub weight: (usize, usize),
    /// The index of the parameter `[filters]`.
    pub bias: Option<usize>,
    /// The activation's slope below 0 (0 for `relu`); `None` without an activation.
    pub slope: Option<f32>,
    /// Packed filters and intermediate results.
    pub memory: Memory,
}

/// The memory of a convolution stage.
#[derive(Default)]
pub struct Memory {
    packed: Arena,
    transposed: Arena,
    bias: Arena,
    argmax: Vec<u8>,
    delta: Arena,
    workspace: Arena,
    sums: Arena,
    weight_gradient: Arena,
    bias_gradient: Arena,
}

impl Stage for Convolution {
    fn name(&self) -> &str {
        &self.name
    }

    fn output(&self) -> &Layout {
        &self.output
    }

    fn reserve(&mut self, samples: usize, threads: usize, training: bool) {
        let (kernel, memory) = (&self.kernel, &mut self.memory);
        memory.packed.reserve(kernel.packed_len());
        memory.bias.reserve(kernel.output().channels);
        let argmax = samples * kernel.argmax();
        if memory.argmax.len() < argmax {
            memory.argmax.resize(argmax, 0);
        }
        memory.workspace.reserve(threads * kernel.workspace_len(training));
        if training {
            memory.transposed.reserve(kernel.transposed_len());
            memory.delta.reserve(threads * kernel.delta_len());
            memory.sums.reserve(kernel.sums_len(samples));
            memory.weight_gradient.reserve(self.weight.1);
            memory.bias_gradient.reserve(kernel.filters());
        }
    }

    fn forward(&mut self, context: &mut StepContext<'_, '_>, x: &[f32], y: &mut [f32]) {
        let memory = &mut self.memory;
        self.kernel.pack(context.team, context.isa, context.weights.get(self.weight.0), &mut memory.packed);
        if let Some(bias) = self.bias {
            let bias = context.weights.get(bias);
            memory.bias[..bias.len()].copy_from_slice(bias);
        }
        let pass = ForwardPass {
            x,
            weights: &memory.packed,
            bias: self.bias.map(|_| &*memory.bias),
            slope: self.slope,
            y,
            argmax: &mut memory.argmax,
            workspace: &mut memory.workspace,
        };
        self.kernel.forward(context.team, context.isa, context.samples, pass);
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
        let memory = &mut self.memory;
        if x_gradient.is_some() {
            self.kernel.pack_transposed(
                context.team,
                context.isa,
                context.weights.get(self.weight.0),
                &mut memory.transposed,
            );
        }
        let pass = BackwardPass {
            x,
            y,
            gradient,
            slope: self.slope,
            argmax: &memory.argmax,
            transposed: &memory.transposed,
            x_gradient,
            delta: &mut memory.delta,
            workspace: &mut memory.workspace,
            sums: &mut memory.sums,
            weight_gradient: &mut memory.weight_gradient,
            bias_gradient: &mut memory.bias_gradient,
        };
        self.kernel.backward(context.team, context.isa, context.samples, pass);
        context.update(sink, self.weight.0, &memory.weight_gradient);
        if let Some(bias) = self.bias {
            context.update(sink, bias, &memory.bias_gradient);
        }
    }
}
