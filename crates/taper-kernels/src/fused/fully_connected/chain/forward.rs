//! The outputs of a chain.

use super::tiles::Tiles;
use super::{Each, first_inputs};
use crate::fused::fully_connected::forward::Epilogue;
use crate::fused::fully_connected::{ROWS, rows, stride};
use crate::simd::disjoint::Disjoint;
use crate::simd::holds;
use crate::simd::lanes::{self, Isa};
use crate::simd::team::Team;

/// A layer in the forward pass.
pub struct Layer<'a> {
    /// Inputs per sample.
    pub inputs: usize,
    /// Outputs per sample, which are the inputs of the next layer.
    pub units: usize,
    /// `[units, inputs]`.
    pub weight: &'a [f32],
    /// `[units]`, if there is one.
    pub bias: Option<&'a [f32]>,
    /// The activation's slope below 0 (0 for `relu`); `None` without an activation.
    pub slope: Option<f32>,
    /// The mask that the outputs are finally multiplied by: rows like the outputs'.
    pub mask: Option<&'a [f32]>,
    /// Rows of the outputs; the padding below them is unchanged.
    pub y: &'a mut [f32],
}

/// A layer while threads share its outputs.
struct Shared<'a> {
    inputs: usize,
    units: usize,
    weight: &'a [f32],
    bias: Option<&'a [f32]>,
    slope: Option<f32>,
    mask: Option<&'a [f32]>,
    y: Disjoint<'a, f32>,
}

impl<'a> Shared<'a> {
    fn new(layer: Layer<'a>, samples: usize) -> Self {
        let Layer { inputs, units, weight, bias, slope, mask, y } = layer;
        let enough = |values: &[f32]| holds(values.len(), &[rows(samples), stride(units)]);
        assert_eq!(Some(weight.len()), units.checked_mul(inputs), "weights");
        assert!(bias.is_none_or(|bias| bias.len() == units), "one bias for each unit");
        assert!(mask.is_none_or(enough), "rows of the mask");
        assert!(enough(y), "rows of outputs");
        Self { inputs, units, weight, bias, slope, mask, y: Disjoint::new(y) }
    }
}

/// Computes the outputs of all layers; the first layer reads the rows `x`.
///
/// # Panics
/// If a slice is too short, or the layers do not fit together.
pub fn forward(team: &mut Team, isa: Isa, samples: usize, x: &[f32], layers: Each<Layer<'_>>) {
    assert!(isa.available(), "{isa:?}");
    let first = first_inputs(&layers, |layer| [layer.inputs, layer.units]);
    assert!(holds(x.len(), &[rows(samples), stride(first)]), "rows of inputs");
    let layers = layers.map(|layer| layer.map(|layer| Shared::new(layer, samples)));
    team.run(rows(samples) / ROWS, |part, _| {
        let mut x = x.as_ptr();
        for layer in layers.iter().flatten() {
            let work = Tiles {
                samples: part * ROWS..samples.min((part + 1) * ROWS),
                units: layer.units,
                inputs: layer.inputs,
                x,
                weight: layer.weight.as_ptr(),
                y: layer.y.at(0),
                epilogue: Epilogue::new(layer.bias, layer.slope, layer.mask),
            };
            // SAFETY: the slices were checked against the sizes. Parts have different rows, and the outputs
            // of each layer are written before the next one reads them.
            unsafe { lanes::run(isa, work) };
            x = layer.y.at(0);
        }
    });
}
