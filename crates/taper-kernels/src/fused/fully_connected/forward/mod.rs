//! y = act(x Wᵀ + b) · mask.

mod part;

pub(super) use part::{Epilogue, Part, Total};

use super::{ROWS, rows, stride};
use crate::simd::arena::Arena;
use crate::simd::disjoint::Disjoint;
use crate::simd::holds;
use crate::simd::lanes::{self, Isa, WIDTH};
use crate::simd::team::Team;

/// The maximum number of inputs of one part: with those of its samples they stay in the cache. Measured at
/// 5,408 inputs: 512 to 1,024 are fastest, a single part takes 1.5 times as long.
pub(super) const INPUTS: usize = 768;

/// Samples of one part.
const SAMPLES: usize = 32;

/// Units of one part: a vector of outputs.
const UNITS: usize = WIDTH;

/// The outputs of a dense layer.
pub struct Forward<'a> {
    /// Samples.
    pub samples: usize,
    /// Inputs per sample.
    pub inputs: usize,
    /// Outputs per sample.
    pub units: usize,
    /// Rows of the inputs.
    pub x: &'a [f32],
    /// `[units, inputs]`.
    pub weight: &'a [f32],
    /// `[units]`, if there is one.
    pub bias: Option<&'a [f32]>,
    /// The activation's slope below 0 (0 for `relu`); `None` without an activation.
    pub slope: Option<f32>,
    /// The mask that the outputs are finally multiplied by: rows like the outputs'.
    pub mask: Option<&'a [f32]>,
    /// Rows of the outputs; the padding below them stays as it is.
    pub y: &'a mut [f32],
}

impl Forward<'_> {
    /// Computes all outputs.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn run(self, team: &mut Team, isa: Isa, scratch: &mut Scratch) {
        let Self { samples, inputs, units, x, weight, bias, slope, mask, y } = self;
        let (x_step, y_step) = (stride(inputs), stride(units));
        assert!(isa.available(), "{isa:?}");
        let outputs = |values: &[f32]| holds(values.len(), &[rows(samples), y_step]);
        assert!(holds(x.len(), &[rows(samples), x_step]), "rows of inputs");
        assert!(outputs(y), "rows of outputs");
        assert!(mask.is_none_or(outputs), "rows of the mask");
        assert!(bias.is_none_or(|bias| bias.len() == units), "one bias for each unit");
        assert_eq!(Some(weight.len()), units.checked_mul(inputs), "weights");
        // Threads split the inputs first, as in the backward pass: then no thread reads weights that
        // another has updated, which costs more than the products if cores do not share a cache.
        let shares = inputs.div_ceil(INPUTS).max(1);
        let share = inputs.div_ceil(shares).next_multiple_of(WIDTH);
        let (sample_parts, unit_parts) = (samples.div_ceil(SAMPLES), units.div_ceil(UNITS));
        let values = rows(samples) * y_step;
        let sums = scratch.values(if shares > 1 { shares * values } else { 0 });
        let y = Disjoint::new(y);
        team.run(shares * sample_parts * unit_parts, |part, _| {
            let (unit, part) = (part % unit_parts * UNITS, part / unit_parts);
            let (sample, index) = (part % sample_parts * SAMPLES, part / sample_parts);
            let work = Part {
                samples: sample..(sample + SAMPLES).min(samples),
                units: unit..(unit + UNITS).min(units),
                columns: inputs.min(index * share)..inputs.min((index + 1) * share),
                inputs,
                x: x.as_ptr(),
                x_step,
                weight: weight.as_ptr(),
                y: if shares > 1 { sums.at(index * values) } else { y.at(0) },
                y_step,
                epilogue: (shares == 1).then_some(Epilogue::new(bias, slope, mask)),
            };
            // SAFETY: the slices were checked against the sizes. Parts write to different outputs or sums.
            unsafe { lanes::run(isa, work) }
        });
        if shares > 1 {
            team.run(rows(samples) / ROWS, |part, _| {
                let work = Total {
                    rows: part * ROWS..samples.min((part + 1) * ROWS),
                    units,
                    sums: sums.at(0),
                    shares,
                    values,
                    y: y.at(0),
                    epilogue: Epilogue::new(bias, slope, mask),
                };
                // SAFETY: as above; the sums are only read, and parts have different rows.
                unsafe { lanes::run(isa, work) }
            });
        }
    }
}

/// Memory for partial sums, kept from step to step.
#[derive(Default)]
pub struct Scratch(Arena);

impl Scratch {
    pub(super) fn values(&mut self, len: usize) -> Disjoint<'_, f32> {
        self.0.reserve(len);
        Disjoint::new(&mut self.0)
    }
}
