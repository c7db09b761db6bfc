//! y = act(x Wᵀ + b) for weights that were prepared once: units are in the lanes, and inputs that are zero are left out. Behind relu
//! and pooling, four of five are.
//!
//! Each output is a sum over the inputs in their order, within shares of [`INPUTS`], whatever the number of samples: a sample
//! has the same outputs alone and in any batch.

mod part;
#[cfg(test)]
mod tests;

use super::forward::{Epilogue, INPUTS, Scratch, Total};
use super::{ROWS, rows, stride};
use crate::simd::arena::Arena;
use crate::simd::disjoint::Disjoint;
use crate::simd::holds;
use crate::simd::lanes::{self, Isa, WIDTH};
use crate::simd::team::Team;
use part::{Part, Turn};

/// Samples of one part.
const SAMPLES: usize = 24;

/// Units whose weights lie next to each other: `[units / PANEL, inputs, PANEL]`, where the last panel has as many vectors as it needs.
const PANEL: usize = 4 * WIDTH;

/// The weights of a dense layer with units in the lanes.
#[derive(Default)]
pub struct Prepared {
    weights: Arena,
    /// Inputs and units.
    sizes: [usize; 2],
}

/// The outputs of a dense layer.
pub struct Outputs<'a> {
    /// Samples.
    pub samples: usize,
    /// Rows of the inputs, padded with zeros.
    pub x: &'a [f32],
    /// `[units]`, if there is one.
    pub bias: Option<&'a [f32]>,
    /// The activation's slope below 0 (0 for `relu`); `None` without an activation.
    pub slope: Option<f32>,
    /// Rows of the outputs; the padding below them stays as it is.
    pub y: &'a mut [f32],
}

impl Prepared {
    /// Whether weights have been prepared.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.sizes[1] > 0
    }

    /// Prepares `weight`, `[units, inputs]`. All weights must be finite: one that is not, and only meets inputs that are zero, is
    /// not noticed.
    ///
    /// # Panics
    /// If it has another length.
    pub fn prepare(&mut self, team: &mut Team, isa: Isa, [inputs, units]: [usize; 2], weight: &[f32]) {
        assert_eq!(Some(weight.len()), units.checked_mul(inputs), "weights");
        assert!(isa.available(), "{isa:?}");
        self.sizes = [inputs, units];
        self.weights.reserve(inputs * stride(units));
        let to = Disjoint::new(&mut self.weights);
        let parts = inputs.div_ceil(INPUTS);
        team.run(parts, |part, _| {
            let columns = part * INPUTS..inputs.min((part + 1) * INPUTS);
            let work = Turn { columns, inputs, units, weight: weight.as_ptr(), to: to.at(0) };
            // SAFETY: both slices hold all weights, and parts have different inputs.
            unsafe { lanes::run(isa, work) }
        });
    }

    /// Computes the outputs of all samples.
    ///
    /// # Panics
    /// If a slice is too short, or nothing was prepared.
    pub fn forward(&self, team: &mut Team, isa: Isa, outputs: Outputs<'_>, scratch: &mut Scratch) {
        let Outputs { samples, x, bias, slope, y } = outputs;
        let [inputs, units] = self.sizes;
        let (x_step, y_step) = (stride(inputs), stride(units));
        assert!(self.is_ready() && isa.available(), "{isa:?}");
        assert!(holds(x.len(), &[rows(samples), x_step]), "rows of inputs");
        assert!(holds(y.len(), &[rows(samples), y_step]), "rows of outputs");
        assert!(bias.is_none_or(|bias| bias.len() == units), "one bias for each unit");
        let shares = inputs.div_ceil(INPUTS).max(1);
        let share = inputs.div_ceil(shares).next_multiple_of(WIDTH);
        let sample_parts = samples.div_ceil(SAMPLES);
        let values = rows(samples) * y_step;
        let sums = scratch.values(if shares > 1 { shares * values } else { 0 });
        let y = Disjoint::new(y);
        team.run(shares * sample_parts, |part, _| {
            let (sample, index) = (part % sample_parts * SAMPLES, part / sample_parts);
            let work = Part {
                samples: sample..(sample + SAMPLES).min(samples),
                columns: inputs.min(index * share)..inputs.min((index + 1) * share),
                inputs,
                units,
                x: x.as_ptr(),
                x_step,
                weights: self.weights.as_ptr(),
                y: if shares > 1 { sums.at(index * values) } else { y.at(0) },
                y_step,
                epilogue: (shares == 1).then_some(Epilogue::new(bias, slope, None)),
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
                    epilogue: Epilogue::new(bias, slope, None),
                };
                // SAFETY: as above; the sums are only read, and parts have different rows.
                unsafe { lanes::run(isa, work) }
            });
        }
    }
}
