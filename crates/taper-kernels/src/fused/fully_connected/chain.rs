//! Several dense layers one after the other, with few weights: each thread takes its samples through all
//! of them, forward or backward, and then all weights are updated.
//!
//! Layer by layer, a step of a network of three layers of 100 units is some fifteen pieces of work of
//! two or three microseconds, of which handing over and waiting take a third; so it is three pieces.

use super::backward::{self, UNITS};
use super::delta::DeltaRows;
use super::{ROWS, forward, rows, stride};
use crate::simd::disjoint::Disjoint;
use crate::simd::lanes::{self, Isa, Kernel, Lanes, WIDTH};
use crate::simd::team::Team;
use crate::update::{Rule, SLOTS, Trained, step_first};

/// The most layers of a chain.
pub const MOST_LAYERS: usize = 8;

/// The most weights of a chain: every thread reads all of them, so they should fit into its cache.
pub const MOST_WEIGHTS: usize = 1 << 16;

/// Something for each layer of a chain, in order.
pub type Each<T> = [Option<T>; MOST_LAYERS];

/// A layer on the way forward.
pub struct Layer<'a> {
    /// Values of a sample.
    pub inputs: usize,
    /// Outputs of a sample; the inputs of the next layer.
    pub units: usize,
    /// `[units, inputs]`.
    pub weight: &'a [f32],
    /// `[units]`, if there is one.
    pub bias: Option<&'a [f32]>,
    /// What negative outputs are multiplied with, if anything.
    pub slope: Option<f32>,
    /// What the outputs are multiplied with at last: rows like the outputs'.
    pub mask: Option<&'a [f32]>,
    /// Rows of the outputs.
    pub y: Disjoint<'a, f32>,
}

impl Layer<'_> {
    fn check(&self, samples: usize, inputs: usize) {
        let values = rows(samples) * stride(self.units);
        assert_eq!(self.inputs, inputs, "as many inputs as the layer before has outputs");
        assert_eq!(self.weight.len(), self.units * inputs, "weights");
        assert!(self.bias.is_none_or(|bias| bias.len() == self.units), "one bias for each unit");
        assert!(self.mask.is_none_or(|mask| mask.len() >= values), "rows of the mask");
        assert!(self.y.len() >= values, "rows of outputs");
    }
}

/// Computes the outputs of all layers, the first of which reads the rows `x`.
///
/// # Panics
/// If a slice is too short, or the layers do not fit together.
pub fn forward(team: &mut Team, isa: Isa, samples: usize, x: &[f32], layers: &Each<Layer<'_>>) {
    assert!(isa.available(), "{isa:?}");
    let first = layers.iter().flatten().next().map_or(0, |layer| layer.inputs);
    assert!(x.len() >= rows(samples) * stride(first), "rows of inputs");
    layers.iter().flatten().fold(first, |inputs, layer| {
        layer.check(samples, inputs);
        layer.units
    });
    team.run(rows(samples) / ROWS, |part, _| {
        let mut x = x.as_ptr();
        for layer in layers.iter().flatten() {
            let work = forward::Part {
                samples: part * ROWS..(part + 1) * ROWS,
                units: 0..layer.units,
                columns: 0..layer.inputs,
                inputs: layer.inputs,
                x,
                x_step: stride(layer.inputs),
                weight: layer.weight.as_ptr(),
                y: layer.y.at(0),
                y_step: stride(layer.units),
                finish: Some(forward::Finish::new(layer.bias, layer.slope, layer.mask)),
            };
            // SAFETY: the slices were checked to hold what the sizes say. Parts have different rows, of
            // which each layer's outputs are written before the next one reads them.
            unsafe { lanes::run(isa, work) };
            x = layer.y.at(0);
        }
    });
}

/// A layer on the way back.
pub struct Gradient<'a> {
    /// Values of a sample.
    pub inputs: usize,
    /// Outputs of a sample.
    pub units: usize,
    /// `[units, inputs]`.
    pub weight: &'a [f32],
    /// What negative outputs were multiplied with, if anything.
    pub slope: Option<f32>,
    /// What the outputs were multiplied with at last.
    pub mask: Option<&'a [f32]>,
    /// Rows of the outputs.
    pub y: &'a [f32],
    /// Rows of the outputs' gradient, which become that of the sums.
    pub gradient: Disjoint<'a, f32>,
    /// The same as `[units, rows]`.
    pub turned: Disjoint<'a, f32>,
}

impl Gradient<'_> {
    fn check(&self, samples: usize, inputs: usize) {
        let values = rows(samples) * stride(self.units);
        assert_eq!(self.inputs, inputs, "as many inputs as the layer before has outputs");
        assert_eq!(self.weight.len(), self.units * inputs, "weights");
        assert!(self.mask.is_none_or(|mask| mask.len() >= values), "rows of the mask");
        assert!(self.y.len() >= values && self.gradient.len() >= values, "rows of outputs");
        assert!(self.turned.len() >= rows(samples) * self.units, "turned rows");
    }
}

/// Computes the gradients of all layers' sums, and that of the first layer's inputs if it is asked for.
///
/// # Panics
/// If a slice is too short, or the layers do not fit together.
pub fn backward(
    team: &mut Team,
    isa: Isa,
    samples: usize,
    layers: &Each<Gradient<'_>>,
    x_gradient: Option<&mut [f32]>,
) {
    assert!(isa.available(), "{isa:?}");
    let first = layers.iter().flatten().next().map_or(0, |layer| layer.inputs);
    layers.iter().flatten().fold(first, |inputs, layer| {
        layer.check(samples, inputs);
        layer.units
    });
    let x_gradient = x_gradient.map(Disjoint::new);
    assert!(x_gradient.as_ref().is_none_or(|dx| dx.len() >= rows(samples) * stride(first)), "rows of inputs");
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
                turned: layer.turned.at(0),
                height: rows(samples),
            };
            // SAFETY: the slices were checked to hold what the sizes say, and parts have different rows.
            unsafe { lanes::run(isa, delta) };
            let before = i.checked_sub(1).and_then(|before| layers[before].as_ref());
            let to = match (before, &x_gradient) {
                (Some(before), _) => before.gradient.at(0),
                (None, Some(x_gradient)) => x_gradient.at(0),
                (None, None) => continue,
            };
            let work = backward::Part {
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
                turned: layer.turned.at(0),
                height: rows(samples),
                theta: layer.weight.as_ptr().cast_mut(),
                slots: [std::ptr::null_mut(); SLOTS],
                x_gradient: to,
                rule: Nothing,
            };
            // SAFETY: as above; no rows of weights are asked for, so they are only read.
            unsafe { lanes::run(isa, work) };
        }
    });
}

/// No update.
#[derive(Clone, Copy)]
struct Nothing;

impl Rule for Nothing {
    #[inline(always)]
    fn slots(self) -> usize {
        0
    }

    #[inline(always)]
    fn apply<L: Lanes>(self, theta: L, _gradient: L, state: [L; SLOTS]) -> (L, [L; SLOTS]) {
        (theta, state)
    }
}

/// A layer to be updated.
pub struct Updated<'a> {
    /// Values of a sample.
    pub inputs: usize,
    /// Outputs of a sample.
    pub units: usize,
    /// Rows of the inputs.
    pub x: &'a [f32],
    /// Rows of the sums' gradient.
    pub delta: &'a [f32],
    /// `[units, inputs]`.
    pub weight: Trained<'a>,
    /// `[units]`, if there is one.
    pub bias: Option<Trained<'a>>,
}

/// The update of all weights and biases of a chain.
pub struct Update<'a> {
    /// Who works.
    pub team: &'a mut Team,
    /// With which instructions.
    pub isa: Isa,
    /// Samples.
    pub samples: usize,
    /// The layers.
    pub layers: Each<Updated<'a>>,
}

/// A layer's memory while threads share it.
struct Shared<'a> {
    inputs: usize,
    units: usize,
    x: &'a [f32],
    delta: &'a [f32],
    weight: (Disjoint<'a, f32>, [Disjoint<'a, f32>; SLOTS]),
    bias: Option<(Disjoint<'a, f32>, [Disjoint<'a, f32>; SLOTS])>,
}

impl Update<'_> {
    /// Updates them.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn run<R: Rule>(self, rule: R) {
        let Self { team, isa, samples, layers } = self;
        assert!(isa.available(), "{isa:?}");
        let check = |trained: &Trained<'_>, len: usize| {
            assert_eq!(trained.theta.len(), len, "parameters");
            for slot in &trained.slots[..rule.slots()] {
                assert_eq!(slot.len(), len, "one state value for each parameter");
            }
        };
        let layers = layers.map(|layer| {
            layer.map(|layer| {
                let height = rows(samples);
                assert!(layer.x.len() >= height * stride(layer.inputs), "rows of inputs");
                assert!(layer.delta.len() >= height * stride(layer.units), "rows of the gradient");
                check(&layer.weight, layer.units * layer.inputs);
                if let Some(bias) = &layer.bias {
                    check(bias, layer.units);
                }
                let disjoint = |Trained { theta, slots }| (Disjoint::new(theta), slots.map(Disjoint::new));
                let (inputs, units, x, delta) = (layer.inputs, layer.units, layer.x, layer.delta);
                Shared {
                    inputs,
                    units,
                    x,
                    delta,
                    weight: disjoint(layer.weight),
                    bias: layer.bias.map(disjoint),
                }
            })
        });
        let parts = layers.iter().flatten().map(|layer| layer.units.div_ceil(UNITS)).sum();
        team.run(parts, |mut part, _| {
            for layer in layers.iter().flatten() {
                let own = layer.units.div_ceil(UNITS);
                if part < own {
                    let units = part * UNITS..((part + 1) * UNITS).min(layer.units);
                    // SAFETY: the slices were checked to hold what the sizes say; parts have different units.
                    unsafe { update_units(isa, samples, layer, units, rule) };
                    return;
                }
                part -= own;
            }
        });
    }
}

/// # Safety
/// The slices must hold what the layer's sizes say, and nobody else may use these units' parameters.
unsafe fn update_units<R: Rule>(
    isa: Isa,
    samples: usize,
    layer: &Shared<'_>,
    units: std::ops::Range<usize>,
    rule: R,
) {
    let (theta, [first, second]) = &layer.weight;
    let weights = backward::Part {
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
        turned: std::ptr::null(),
        height: 0,
        theta: theta.at(0),
        slots: [first.at(0), second.at(0)],
        x_gradient: std::ptr::null_mut(),
        rule,
    };
    let bias = layer.bias.as_ref().map(|(theta, [first, second])| Bias {
        units,
        samples,
        delta: layer.delta.as_ptr(),
        step: stride(layer.units),
        theta: theta.at(0),
        slots: [first.at(0), second.at(0)],
        rule,
    });
    // SAFETY: the caller's promise; no rows of samples are asked for, so `turned` is not read.
    unsafe {
        lanes::run(isa, weights);
        if let Some(bias) = bias {
            lanes::run(isa, bias);
        }
    }
}

/// The update of some units' biases.
struct Bias<R> {
    units: std::ops::Range<usize>,
    samples: usize,
    delta: *const f32,
    step: usize,
    theta: *mut f32,
    slots: [*mut f32; SLOTS],
    rule: R,
}

impl<R: Rule> Kernel for Bias<R> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        for start in self.units.clone().step_by(WIDTH) {
            let count = WIDTH.min(self.units.end - start);
            // SAFETY: the caller promises rows and parameters of these units.
            unsafe {
                let mut sum = L::splat(0.0);
                for sample in 0..self.samples {
                    sum = sum + L::load_first(self.delta.add(sample * self.step + start), count);
                }
                let slots = [self.slots[0].wrapping_add(start), self.slots[1].wrapping_add(start)];
                let seen = step_first(self.rule, sum, self.theta.add(start), slots, count, L::splat(0.0));
                self.rule.conclude(seen);
            }
        }
    }
}
