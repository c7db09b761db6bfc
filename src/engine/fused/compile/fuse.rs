//! Selects the operations that are computed together.

use taper_kernels::window::Window;

use super::operations::Item;
use crate::network::{Operation, ParameterSpec, Plan};
use crate::ops::{Activation, Unit};
use crate::shape::Shape;

/// A stage before its layouts are known.
pub struct Draft {
    /// Its name among the phases.
    pub name: String,
    /// Its first operation.
    pub operation: Operation,
    /// The index of the layer's first parameter, and the number of its parameters.
    pub parameters: (usize, usize),
    /// How many of them are trained.
    pub trained: Trained,
    /// The activation's slope below 0 (0 for `relu`); `None` without an activation.
    pub slope: Option<f32>,
    /// Whether the maximum of each 2x2 outputs is taken.
    pub pooled: bool,
    /// Whether the outputs of a pooled convolution are flattened.
    pub flattened: bool,
    /// The dropout rate, and the number of the dropout layer.
    pub dropout: Option<(f64, u64)>,
    /// The shape of its output.
    pub output: Shape,
    /// The terms of a sum.
    pub branches: [Vec<Draft>; 2],
}

/// How many of the parameters of a stage are trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trained {
    None,
    Some,
    /// All but running statistics.
    All,
}

impl Trained {
    fn of(specs: &[ParameterSpec]) -> Self {
        if !specs.iter().any(ParameterSpec::is_trained) {
            Self::None
        } else if specs.iter().any(|spec| spec.frozen) {
            Self::Some
        } else {
            Self::All
        }
    }
}

/// The slope below 0 of an activation that is linear there and leaves positive values unchanged; `None` for any
/// other operation.
fn slope(operation: &Operation) -> Option<f32> {
    match operation {
        Operation::Activation(Activation::Relu) => Some(0.0),
        Operation::Activation(Activation::LeakyRelu) => Some(0.2),
        _ => None,
    }
}

/// Whether the windows are adjacent 2x2 pixels inside the image.
fn is_quarter(window: &Window) -> bool {
    let inside = [0, 1].iter().all(|&axis| (window.before[axis], window.after(axis)) == (0, 0));
    window.kernel == [2, 2] && window.stride == [2, 2] && inside
}

/// Fuses operations into drafts of stages. A monotonic activation commutes with the maximum, so it is
/// applied after pooling, to a quarter of the values.
pub fn fuse(items: &[Item], plan: &Plan) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for item in items {
        if let Some(last) = drafts.last_mut() {
            let convolution = matches!(last.operation, Operation::Convolution { .. });
            let dense = matches!(last.operation, Operation::Dense { .. });
            let activates = convolution
                || dense
                || matches!(last.operation, Operation::BatchNorm { .. } | Operation::Add);
            let joined = match &item.operation {
                Operation::Activation(_) if activates && last.slope.is_none() && last.dropout.is_none() => {
                    last.slope = slope(&item.operation);
                    last.slope.is_some()
                }
                Operation::MaxPool(window) if convolution && !last.pooled && is_quarter(window) => {
                    last.pooled = true;
                    true
                }
                Operation::Flatten if convolution && last.pooled && !last.flattened => {
                    last.flattened = true;
                    true
                }
                Operation::Dropout { rate, unit: Unit::Value, layer } if dense && last.dropout.is_none() => {
                    last.dropout = Some((*rate, *layer));
                    true
                }
                _ => false,
            };
            if joined {
                last.output = item.output.clone();
                continue;
            }
        }
        let (first, count) = item.parameters;
        let specs = &plan.specs[first..first + count];
        drafts.push(Draft {
            name: format!("{} {}", plan.rows[item.layer].name, plan.rows[item.layer].path),
            operation: item.operation.clone(),
            parameters: item.parameters,
            trained: Trained::of(specs),
            slope: None,
            pooled: false,
            flattened: false,
            dropout: None,
            output: item.output.clone(),
            branches: item.branches.each_ref().map(|items| fuse(items, plan)),
        });
    }
    drafts
}
