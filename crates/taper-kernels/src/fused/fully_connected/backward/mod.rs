//! The gradient of a dense layer's inputs and the update of its weights in one pass over them: the gradient
//! of the weights never leaves the registers.

mod lists;
mod part;
mod sparse;
#[cfg(test)]
mod tests;

pub use lists::Lists;
pub(super) use part::Part;

use sparse::Sparse;

use super::{ROWS, rows, stride};
use crate::rule::{Rule, Shared, Trained, Watched};
use crate::simd::disjoint::Disjoint;
use crate::simd::holds;
use crate::simd::lanes::{self, Isa, WIDTH};
use crate::simd::team::Team;

/// dx = dz W and dW = dzᵀ x for the gradient dz of the pre-activations.
pub struct Backward<'a> {
    /// The thread team.
    pub team: &'a mut Team,
    /// The instruction set.
    pub isa: Isa,
    /// Samples.
    pub samples: usize,
    /// Inputs per sample.
    pub inputs: usize,
    /// Outputs per sample.
    pub units: usize,
    /// Rows of the inputs.
    pub x: &'a [f32],
    /// Rows of the gradient of the pre-activations.
    pub delta: &'a [f32],
    /// The same as `[units, rows]`.
    pub transposed: &'a [f32],
    /// `[units, inputs]`.
    pub weight: Trained<'a>,
    /// Rows of the inputs' gradient, if it is needed.
    pub x_gradient: Option<&'a mut [f32]>,
    /// Memory for leaving out products with gradients that are zero, if that is wanted; it changes no bit.
    pub lists: Option<&'a mut Lists>,
}

impl Backward<'_> {
    /// Computes the inputs' gradient from the current weights, then updates the weights.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn run<R: Rule>(self, rule: Watched<'_, R>) {
        let Self { team, isa, samples, inputs, units, x, delta, transposed, weight, x_gradient, lists } =
            self;
        let (x_step, delta_step, height) = (stride(inputs), stride(units), rows(samples));
        assert!(isa.available(), "{isa:?}");
        assert!(holds(x.len(), &[height, x_step]), "rows of inputs");
        let rows_of_gradient = x_gradient.as_ref().is_none_or(|dx| holds(dx.len(), &[height, x_step]));
        assert!(rows_of_gradient, "rows of their gradient");
        assert!(holds(delta.len(), &[height, delta_step]), "rows of the gradient");
        assert!(holds(transposed.len(), &[units, height]), "transposed rows");
        assert!(holds(weight.theta.len(), &[units, inputs]), "weights");
        let weight = Shared::new(weight, units * inputs, rule);
        let x_gradient = x_gradient.map(Disjoint::new);
        let part = |columns, samples_range, units_range| Part {
            columns,
            rows: samples_range,
            weights: units_range,
            samples,
            inputs,
            units,
            x: x.as_ptr(),
            x_step,
            delta: delta.as_ptr(),
            delta_step,
            transposed: transposed.as_ptr(),
            height,
            weight: weight.at(0),
            x_gradient: x_gradient.as_ref().map_or(std::ptr::null_mut(), |dx| dx.at(0)),
            rule,
        };
        if inputs >= COLUMNS {
            // By columns, so that the weights pass through the cache once.
            let rows = if x_gradient.is_some() { 0..height } else { 0..0 };
            // Few columns must be divided evenly, many should be read in long runs.
            let columns = if inputs >= 1536 { 9 * WIDTH } else { 3 * WIDTH };
            let lists = lists
                .and_then(|lists| lists.fill([samples, units], (delta, delta_step), (transposed, height)));
            team.run(inputs.div_ceil(columns), |index, _| {
                let columns = index * columns..((index + 1) * columns).min(inputs);
                let part = part(columns, rows.clone(), 0..units);
                // SAFETY: the slices were checked against the sizes; parts have different columns.
                unsafe {
                    match lists {
                        Some((by_sample, by_unit)) => lanes::run(isa, Sparse { part, by_sample, by_unit }),
                        None => lanes::run(isa, part),
                    }
                }
            });
            return;
        }
        // By rows, so that no two threads write to the same cache line: columns would share lines unless
        // the length of a row is a multiple of a line's.
        if x_gradient.is_some() {
            team.run(height / ROWS, |index, _| {
                let rows = index * ROWS..(index + 1) * ROWS;
                // SAFETY: as above; parts have different samples, and no weights are changed.
                unsafe { lanes::run(isa, part(0..inputs, rows, 0..0)) }
            });
        }
        team.run(units.div_ceil(UNITS), |index, _| {
            let units = index * UNITS..((index + 1) * UNITS).min(units);
            // SAFETY: as above; parts have different units.
            unsafe { lanes::run(isa, part(0..inputs, 0..0, units)) }
        });
    }
}

/// With this number of inputs or more, the work is split by columns.
pub const COLUMNS: usize = 384;

/// Units of one part if the work is split by rows: whole tiles of six and of eight.
pub(super) const UNITS: usize = 24;
