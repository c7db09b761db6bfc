//! The update of a chain's weights and biases.

use super::Each;
use crate::fused::fully_connected::backward::{self as dense, UNITS};
use crate::fused::fully_connected::{rows, stride};
use crate::rule::{MAX_STATE, Rule, Shared, Trained, Watched};
use crate::simd::holds;
use crate::simd::lanes::{self, Isa, Kernel, Lanes, WIDTH};
use crate::simd::team::Team;

/// A layer to update.
pub struct Updated<'a> {
    /// Inputs per sample.
    pub inputs: usize,
    /// Outputs per sample.
    pub units: usize,
    /// Rows of the inputs.
    pub x: &'a [f32],
    /// Rows of the gradient of the pre-activations.
    pub delta: &'a [f32],
    /// `[units, inputs]`.
    pub weight: Trained<'a>,
    /// `[units]`, if there is one.
    pub bias: Option<Trained<'a>>,
}

/// The update of all weights and biases of a chain.
pub struct Update<'a> {
    /// The thread team.
    pub team: &'a mut Team,
    /// The instruction set.
    pub isa: Isa,
    /// Samples.
    pub samples: usize,
    /// The layers.
    pub layers: Each<Updated<'a>>,
}

/// A layer while threads share its parameters.
struct Layer<'a> {
    inputs: usize,
    units: usize,
    x: &'a [f32],
    delta: &'a [f32],
    weight: Shared<'a>,
    bias: Option<Shared<'a>>,
}

impl<'a> Layer<'a> {
    fn new<R: Rule>(layer: Updated<'a>, samples: usize, rule: Watched<'_, R>) -> Self {
        let Updated { inputs, units, x, delta, weight, bias } = layer;
        assert!(holds(x.len(), &[rows(samples), stride(inputs)]), "rows of inputs");
        assert!(holds(delta.len(), &[rows(samples), stride(units)]), "rows of the gradient");
        assert!(holds(weight.theta.len(), &[units, inputs]), "weights");
        let weight = Shared::new(weight, units * inputs, rule);
        let bias = bias.map(|bias| Shared::new(bias, units, rule));
        Self { inputs, units, x, delta, weight, bias }
    }
}

impl Update<'_> {
    /// Updates all parameters.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn run<R: Rule>(self, rule: Watched<'_, R>) {
        let Self { team, isa, samples, layers } = self;
        assert!(isa.available(), "{isa:?}");
        let layers = layers.map(|layer| layer.map(|layer| Layer::new(layer, samples, rule)));
        let parts = layers.iter().flatten().map(|layer| layer.units.div_ceil(UNITS)).sum();
        team.run(parts, |mut part, _| {
            for layer in layers.iter().flatten() {
                let own = layer.units.div_ceil(UNITS);
                if part < own {
                    let units = part * UNITS..((part + 1) * UNITS).min(layer.units);
                    // SAFETY: the slices were checked against the sizes; parts have different units.
                    unsafe { update_units(isa, samples, layer, units, rule) };
                    return;
                }
                part -= own;
            }
        });
    }
}

/// # Safety
/// The slices must match the layer's sizes, and nobody else may use these units' parameters.
unsafe fn update_units<R: Rule>(
    isa: Isa,
    samples: usize,
    layer: &Layer<'_>,
    units: std::ops::Range<usize>,
    rule: Watched<'_, R>,
) {
    let weights = dense::Part {
        columns: 0..layer.inputs,
        rows: 0..0,
        weights: units.clone(),
        samples,
        inputs: layer.inputs,
        units: layer.units,
        x: layer.x.as_ptr(),
        x_step: stride(layer.inputs),
        delta: layer.delta.as_ptr(),
        delta_step: stride(layer.units),
        transposed: std::ptr::null(),
        height: 0,
        weight: layer.weight.at(0),
        x_gradient: std::ptr::null_mut(),
        rule,
    };
    let bias = layer.bias.map(|bias| Bias {
        units,
        samples,
        delta: layer.delta.as_ptr(),
        step: stride(layer.units),
        place: bias.at(0),
        rule,
    });
    // SAFETY: guaranteed by the caller; no rows of samples are requested, so `transposed` is not read.
    unsafe {
        lanes::run(isa, weights);
        if let Some(bias) = bias {
            lanes::run(isa, bias);
        }
    }
}

/// The update of the biases of some units.
struct Bias<'a, R> {
    units: std::ops::Range<usize>,
    samples: usize,
    delta: *const f32,
    step: usize,
    place: (*mut f32, [*mut f32; MAX_STATE]),
    rule: Watched<'a, R>,
}

impl<R: Rule> Kernel for Bias<'_, R> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let (theta, state) = self.place;
        for start in self.units.clone().step_by(WIDTH) {
            let count = WIDTH.min(self.units.end - start);
            // SAFETY: the caller guarantees rows and parameters of these units.
            unsafe {
                let mut sum = L::splat(0.0);
                for sample in 0..self.samples {
                    sum = sum + L::load_first(self.delta.add(sample * self.step + start), count);
                }
                let state = [state[0].wrapping_add(start), state[1].wrapping_add(start)];
                let zero = L::splat(0.0);
                let seen = self.rule.step_first(sum, theta.add(start), state, count, zero);
                self.rule.check(seen);
            }
        }
    }
}
