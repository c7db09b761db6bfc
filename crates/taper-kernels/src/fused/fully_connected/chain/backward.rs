//! The gradients of the pre-activations of a chain.

use std::sync::atomic::AtomicBool;

use super::{Each, first_inputs};
use crate::fused::fully_connected::backward as dense;
use crate::fused::fully_connected::delta::DeltaRows;
use crate::fused::fully_connected::{ROWS, rows, stride};
use crate::rule::{MAX_STATE, Rule, Watched};
use crate::simd::disjoint::Disjoint;
use crate::simd::holds;
use crate::simd::lanes::{self, Isa, Lanes};
use crate::simd::team::Team;

/// A layer in the backward pass.
pub struct Gradient<'a> {
    /// Inputs per sample.
    pub inputs: usize,
    /// Outputs per sample.
    pub units: usize,
    /// `[units, inputs]`.
    pub weight: &'a [f32],
    /// The activation's slope below 0 (0 for `relu`); `None` without an activation.
    pub slope: Option<f32>,
    /// The mask that the outputs were finally multiplied by.
    pub mask: Option<&'a [f32]>,
    /// Rows of the outputs.
    pub y: &'a [f32],
    /// Rows of the outputs' gradient, replaced by the gradient of the pre-activations.
    pub gradient: &'a mut [f32],
    /// The same as `[units, rows]`.
    pub transposed: &'a mut [f32],
}

/// A layer while threads share its gradients.
struct Shared<'a> {
    inputs: usize,
    units: usize,
    weight: &'a [f32],
    slope: Option<f32>,
    mask: Option<&'a [f32]>,
    y: &'a [f32],
    gradient: Disjoint<'a, f32>,
    transposed: Disjoint<'a, f32>,
}

impl<'a> Shared<'a> {
    fn new(layer: Gradient<'a>, samples: usize) -> Self {
        let Gradient { inputs, units, weight, slope, mask, y, gradient, transposed } = layer;
        let enough = |values: &[f32]| holds(values.len(), &[rows(samples), stride(units)]);
        assert_eq!(Some(weight.len()), units.checked_mul(inputs), "weights");
        assert!(mask.is_none_or(enough), "rows of the mask");
        assert!(enough(y) && enough(gradient), "rows of outputs");
        assert!(holds(transposed.len(), &[rows(samples), units]), "transposed rows");
        let (gradient, transposed) = (Disjoint::new(gradient), Disjoint::new(transposed));
        Self { inputs, units, weight, slope, mask, y, gradient, transposed }
    }
}

/// Computes the gradients of all layers' pre-activations and, if requested, the gradient of the first
/// layer's inputs.
///
/// # Panics
/// If a slice is too short, or the layers do not fit together.
pub fn backward(
    team: &mut Team,
    isa: Isa,
    samples: usize,
    layers: Each<Gradient<'_>>,
    x_gradient: Option<&mut [f32]>,
) {
    assert!(isa.available(), "{isa:?}");
    let first = first_inputs(&layers, |layer| [layer.inputs, layer.units]);
    let layers = layers.map(|layer| layer.map(|layer| Shared::new(layer, samples)));
    let enough = |dx: &[f32]| holds(dx.len(), &[rows(samples), stride(first)]);
    assert!(x_gradient.as_deref().is_none_or(enough), "rows of inputs");
    let x_gradient = x_gradient.map(Disjoint::new);
    let unused = AtomicBool::new(false);
    let nothing = Watched::new(NoUpdate, &unused);
    team.run(rows(samples) / ROWS, |part, _| {
        let range = part * ROWS..(part + 1) * ROWS;
        for (i, layer) in layers.iter().enumerate().rev() {
            let Some(layer) = layer else { continue };
            let delta = DeltaRows {
                rows: range.clone(),
                units: layer.units,
                y: layer.y.as_ptr(),
                slope: layer.slope,
                mask: layer.mask.map(<[f32]>::as_ptr),
                gradient: layer.gradient.at(0),
                transposed: layer.transposed.at(0),
                height: rows(samples),
            };
            // SAFETY: the slices were checked against the sizes, and parts have different rows.
            unsafe { lanes::run(isa, delta) };
            let before = i.checked_sub(1).and_then(|before| layers[before].as_ref());
            let to = match (before, &x_gradient) {
                (Some(before), _) => before.gradient.at(0),
                (None, Some(x_gradient)) => x_gradient.at(0),
                (None, None) => continue,
            };
            let work = dense::Part {
                columns: 0..layer.inputs,
                rows: range.clone(),
                weights: 0..0,
                samples,
                inputs: layer.inputs,
                units: layer.units,
                x: std::ptr::null(),
                x_step: stride(layer.inputs),
                delta: std::ptr::null(),
                delta_step: 0,
                transposed: layer.transposed.at(0),
                height: rows(samples),
                weight: (layer.weight.as_ptr().cast_mut(), [std::ptr::null_mut(); MAX_STATE]),
                x_gradient: to,
                rule: nothing,
            };
            // SAFETY: as above; there are no gaps, so only the first layer has none before it; no rows of
            // weights are requested, so the weights are only read.
            unsafe { lanes::run(isa, work) };
        }
    });
}

/// A rule that updates nothing.
#[derive(Clone, Copy)]
struct NoUpdate;

impl Rule for NoUpdate {
    #[inline(always)]
    fn state_count(self) -> usize {
        0
    }

    #[inline(always)]
    fn apply<L: Lanes>(self, theta: L, _gradient: L, state: [L; MAX_STATE]) -> (L, [L; MAX_STATE]) {
        (theta, state)
    }
}
