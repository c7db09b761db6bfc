//! From a network's layers to the stages of a step: chooses what is computed together, and the layouts in
//! between.

mod fuse;
mod operations;

use taper_kernels::fused::channels_last::Convolution as ConvolutionKernel;
use taper_kernels::fused::fully_connected::COLUMNS;
use taper_kernels::fused::fully_connected::chain::{MAX_LAYERS, MAX_WEIGHTS};
use taper_kernels::fused::pooling::{self, Kind};
use taper_kernels::simd::arena::Arena;
use taper_kernels::window::Window;

use super::batch_norm::BatchNorm;
use super::chain::Chain;
use super::convolution::{self, Convolution};
use super::dense::{self, Dense};
use super::elementwise::{self, Elementwise};
use super::flatten::Flatten;
use super::layer_norm::LayerNorm;
use super::layout::Layout;
use super::perturbation::{Kind as Random, Perturbation};
use super::pooling::Pooling;
use super::residual::{Branch, Residual};
use super::sequence::Sequence;
use super::stage::Stage;
use crate::network::{Operation, Plan};
use fuse::{Draft, Trained, fuse};
use operations::operations;

/// The maximum number of weight tensors of a network. Their slices are borrowed in nested calls
/// (`ops/slices.rs`), and a thread's stack, 2 MiB by default, has room for some 7,000 of them, including
/// the optimizer's.
const MAX_TENSORS: usize = 1000;

const NO_BORDER: [[usize; 2]; 2] = [[0; 2]; 2];

/// A network as stages.
pub struct Compiled {
    /// The layout of the input samples.
    pub input: Layout,
    /// The stages, in order.
    pub stages: Sequence,
    /// Whether the first stage splits the inputs among the threads rather than the samples.
    pub shares_inputs: bool,
}

/// Compiles the network of `plan`.
///
/// # Errors
/// The feature that the engine does not support, as in "the fused engine does not support …".
pub fn compile(plan: &Plan) -> Result<Compiled, String> {
    if plan.specs.len() > MAX_TENSORS {
        return Err(format!("more than {MAX_TENSORS} weights and biases"));
    }
    let drafts = fuse(&operations(plan)?, plan);
    // Samples are loaded channel by channel, which is the order of flattening.
    let (input, drafts) = match &drafts[..] {
        [first, rest @ ..] if first.operation == Operation::Flatten => {
            (Layout::new(&first.output, NO_BORDER), rest)
        }
        all => (Layout::of_input(&plan.input, all.first().map_or(NO_BORDER, Draft::border)), all),
    };
    let shares_inputs = drafts.first().is_some_and(Draft::is_large_dense);
    let stages = sequence(drafts, input.clone())?;
    Ok(Compiled { input, stages, shares_inputs })
}

/// The stages of `drafts`, with input layout `layout`.
fn sequence(drafts: &[Draft], mut layout: Layout) -> Result<Sequence, String> {
    let mut stages: Vec<Box<dyn Stage>> = Vec::with_capacity(drafts.len());
    let mut first_trained = None;
    let mut i = 0;
    while let Some(draft) = drafts.get(i) {
        if draft.is_trained() {
            first_trained.get_or_insert(stages.len());
        }
        let chain = &drafts[i..i + chain_len(&drafts[i..])];
        if chain.len() > 1 {
            let layers: Vec<Dense> = chain.iter().filter_map(Draft::dense).collect();
            i += chain.len();
            let chain = Chain::new(layers);
            layout = chain.output().clone();
            stages.push(Box::new(chain));
            continue;
        }
        let border = drafts.get(i + 1).map_or(NO_BORDER, Draft::border);
        let output = Layout::new(&draft.output, border);
        stages.push(draft.stage(layout, output.clone(), border)?);
        layout = output;
        i += 1;
    }
    Ok(Sequence::new(stages, first_trained))
}

/// The number of leading drafts that are dense layers and form a chain. A layer whose work is split by columns
/// is not part of one: alone, it is faster, above all with several threads.
fn chain_len(drafts: &[Draft]) -> usize {
    let mut weights = 0;
    let fits = |draft: &&Draft| {
        let Operation::Dense { inputs, units } = draft.operation else { return false };
        weights += inputs * units;
        // The kernels of a chain update all of its layers.
        weights <= MAX_WEIGHTS && !draft.is_large_dense() && draft.trained == Trained::All
    };
    drafts.iter().take(MAX_LAYERS).take_while(fits).count()
}

impl Draft {
    /// The dense stage, if this is one.
    fn dense(&self) -> Option<Dense> {
        let Operation::Dense { inputs, .. } = self.operation else { return None };
        let (weight, count) = self.parameters;
        Some(Dense {
            name: self.name.clone(),
            output: Layout::new(&self.output, NO_BORDER),
            inputs,
            weight,
            bias: (count > 1).then_some(weight + 1),
            slope: self.slope,
            dropout: self.dropout,
            memory: dense::Memory::default(),
        })
    }

    /// Whether this is a dense stage whose work is split by columns.
    fn is_large_dense(&self) -> bool {
        matches!(self.operation, Operation::Dense { inputs, .. } if inputs >= COLUMNS)
    }

    /// Whether any of its parameters is trained.
    fn is_trained(&self) -> bool {
        self.trained != Trained::None || self.branches.iter().flatten().any(Self::is_trained)
    }

    /// The border that its input needs, `[[above, left], [below, right]]`. A sum passes on the border of
    /// its first branch; the other branch copies if it needs a different one.
    fn border(&self) -> [[usize; 2]; 2] {
        match &self.operation {
            Operation::Convolution { window, .. } => [window.before, [window.after(0), window.after(1)]],
            Operation::Add => self.branches[0].first().map_or(NO_BORDER, Self::border),
            _ => NO_BORDER,
        }
    }

    /// Whether it can read an input of layout `input`.
    fn reads(&self, input: &Layout) -> bool {
        match self.operation {
            Operation::Convolution { .. } => [input.image.before, input.image.after] == self.border(),
            Operation::Flatten => *input == Layout::new(&input.shape, NO_BORDER),
            _ => true,
        }
    }

    fn stage(
        &self,
        input: Layout,
        output: Layout,
        border: [[usize; 2]; 2],
    ) -> Result<Box<dyn Stage>, String> {
        let name = self.name.clone();
        let (parameter, count) = self.parameters;
        let bias = (count > 1).then_some(parameter + 1);
        Ok(match self.operation.clone() {
            Operation::Dense { .. } => return self.dense().map(|dense| Box::new(dense) as _).ok_or(name),
            Operation::Convolution { window, channels, filters } => {
                let kernel =
                    ConvolutionKernel::new(&window, filters, channels, input.image, self.pooled, border);
                Box::new(Convolution {
                    name,
                    kernel: if self.flattened { kernel.flattened(output.len()) } else { kernel },
                    output,
                    weight: (parameter, filters * channels * window.kernel[0] * window.kernel[1]),
                    bias,
                    slope: self.slope,
                    memory: convolution::Memory::default(),
                })
            }
            Operation::MaxPool(window) => Box::new(pooling(name, Kind::Max, window, &input, output)),
            Operation::AveragePool(window) => Box::new(pooling(name, Kind::Mean, window, &input, output)),
            Operation::Activation(activation) => {
                let function = elementwise::function(activation).ok_or("softmax between layers")?;
                Box::new(Elementwise { name, function, input, output })
            }
            Operation::Dropout { rate, unit, layer } => {
                let kind = Random::Dropout { rate, unit: unit.len(&input.shape.0) };
                Box::new(Perturbation { name, kind, layer, input, output, drawn: Arena::default() })
            }
            Operation::GaussianNoise { deviation, layer } => {
                let kind = Random::Noise { deviation };
                Box::new(Perturbation { name, kind, layer, input, output, drawn: Arena::default() })
            }
            Operation::BatchNorm { momentum, epsilon } => {
                Box::new(BatchNorm::new(name, (momentum, epsilon), parameter, &input, output, self.slope))
            }
            Operation::LayerNorm { epsilon } => {
                Box::new(LayerNorm::new(name, epsilon, parameter, &input, output))
            }
            Operation::Flatten => Box::new(Flatten { name, input, output }),
            Operation::Add => {
                let [a, b] = self.branches.each_ref().map(|drafts| branch(drafts, &input));
                let (slope, gradient) = (self.slope, Arena::default());
                Box::new(Residual { name, input, output, slope, branches: [a?, b?], gradient })
            }
            Operation::GlobalAverage(_) | Operation::Custom(_) => return Err(name),
        })
    }
}

/// A branch of a sum, with input layout `input`.
fn branch(drafts: &[Draft], input: &Layout) -> Result<Branch, String> {
    let other = drafts.first().filter(|first| !first.reads(input));
    let own = other.map_or_else(|| input.clone(), |first| Layout::new(&input.shape, first.border()));
    Ok(Branch::new(sequence(drafts, own.clone())?, own, other.is_some()))
}

fn pooling(name: String, kind: Kind, window: Window, input: &Layout, output: Layout) -> Pooling {
    let kernel = pooling::Pooling { kind, window, input: input.grid(), output: output.grid() };
    Pooling { name, output, kernel }
}
