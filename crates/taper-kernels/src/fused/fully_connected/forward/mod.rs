//! y = act(x Wᵀ + b) · mask, without the products with inputs that are zero, as four of five are after relu
//! and pooling.
//!
//! Each output is a sum over the inputs in their order, within shares that depend on the layer alone: a sample has the same
//! outputs alone and in any batch, in training and for predictions.

mod part;
#[cfg(test)]
mod tests;
mod total;

pub(super) use total::Epilogue;

use super::panels::{Pack, Panels};
use super::prepared::Prepared;
use super::{ROWS, rows, stride};
use crate::simd::arena::{Arena, apart};
use crate::simd::disjoint::Disjoint;
use crate::simd::holds;
use crate::simd::lanes::{self, Isa, WIDTH};
use crate::simd::team::Team;
use part::Part;
use total::Total;

/// The maximum number of inputs of a share: with their weights they stay in the cache from sample to sample.
const SHARE: usize = 768;

/// A layer of up to this number of inputs is one share, and no smaller one is made of a larger layer.
pub const ONE_SHARE: usize = 256;

/// The number of shares to aim for within these bounds, so that many threads have something to do.
const SHARES: usize = 8;

/// Samples of one part, if the weights are prepared.
const SAMPLES: usize = 16;

/// The outputs of a dense layer.
///
/// All weights must be finite: one that is not, and only meets inputs that are zero, is not noticed.
pub struct Forward<'a> {
    /// Samples.
    pub samples: usize,
    /// Rows of the inputs, padded with zeros.
    pub x: &'a [f32],
    /// The weights.
    pub weight: ForwardWeights<'a>,
    /// `[units]`, if there is one.
    pub bias: Option<&'a [f32]>,
    /// The activation's slope below 0 (0 for `relu`); `None` without an activation.
    pub slope: Option<f32>,
    /// The mask that the outputs are finally multiplied by: rows like the outputs'.
    pub mask: Option<&'a [f32]>,
    /// Rows of the outputs; the padding below them is unchanged.
    pub y: &'a mut [f32],
}

/// The weights of a dense layer.
#[derive(Clone, Copy)]
pub enum ForwardWeights<'a> {
    /// `[units, inputs]`, and inputs and units. Each thread copies those of a share and uses them for all samples, so threads have
    /// no more to do than there are shares. Prepared weights give the same bits.
    Plain(&'a [f32], [usize; 2]),
    /// A copy.
    Prepared(&'a Prepared),
}

impl ForwardWeights<'_> {
    fn sizes(self) -> [usize; 2] {
        match self {
            Self::Plain(weight, [inputs, units]) => {
                assert_eq!(Some(weight.len()), units.checked_mul(inputs), "weights");
                [inputs, units]
            }
            Self::Prepared(prepared) => {
                assert!(prepared.is_ready(), "prepared weights");
                prepared.sizes()
            }
        }
    }
}

impl Forward<'_> {
    /// Computes all outputs.
    ///
    /// # Panics
    /// If a slice is too short, or no weights were prepared.
    pub fn run(self, team: &mut Team, isa: Isa, scratch: &mut Scratch) {
        let Self { samples, x, weight, bias, slope, mask, y } = self;
        let [inputs, units] = weight.sizes();
        let (x_step, y_step) = (stride(inputs), stride(units));
        assert!(isa.available(), "{isa:?}");
        let outputs = |values: &[f32]| holds(values.len(), &[rows(samples), y_step]);
        assert!(holds(x.len(), &[rows(samples), x_step]), "rows of inputs");
        assert!(outputs(y), "rows of outputs");
        assert!(mask.is_none_or(outputs), "rows of the mask");
        assert!(bias.is_none_or(|bias| bias.len() == units), "one bias for each unit");
        let share = inputs.div_ceil(SHARES).clamp(ONE_SHARE, SHARE).next_multiple_of(WIDTH);
        let shares = inputs.div_ceil(share).max(1);
        let (group, packed) = match weight {
            ForwardWeights::Plain(..) => (samples, apart(Panels::len(share, units))),
            ForwardWeights::Prepared(_) => (SAMPLES, 0),
        };
        let (values, groups) = (rows(samples) * y_step, samples.div_ceil(group.max(1)));
        let (sums, packs) =
            scratch.reserve(if shares > 1 { shares * values } else { 0 }, team.threads() * packed);
        let y = Disjoint::new(y);
        team.run(shares * groups, |part, thread| {
            let (sample, index) = (part % groups * group, part / groups);
            let columns = inputs.min(index * share)..inputs.min((index + 1) * share);
            // SAFETY: the slices were checked against the sizes. Parts write to different outputs or sums, and threads to
            // different copies of weights.
            unsafe {
                let panels = match weight {
                    ForwardWeights::Plain(weight, _) => {
                        let panels =
                            Panels { weights: packs.at(thread * packed), inputs: columns.clone(), units };
                        let (columns, weight) = (columns.clone(), weight.as_ptr());
                        lanes::run(isa, Pack { panels: panels.clone(), columns, weight, inputs });
                        panels
                    }
                    ForwardWeights::Prepared(prepared) => {
                        Panels { weights: prepared.weights().as_ptr().cast_mut(), inputs: 0..inputs, units }
                    }
                };
                let work = Part {
                    samples: sample..(sample + group).min(samples),
                    columns,
                    x: x.as_ptr(),
                    x_step,
                    panels,
                    y: if shares > 1 { sums.at(index * values) } else { y.at(0) },
                    epilogue: (shares == 1).then_some(Epilogue::new(bias, slope, mask)),
                };
                lanes::run(isa, work);
            }
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

/// Memory for partial sums, and for each thread's copy of weights, kept from step to step.
#[derive(Default)]
pub struct Scratch {
    sums: Arena,
    packs: Arena,
}

impl Scratch {
    fn reserve(&mut self, sums: usize, packs: usize) -> (Disjoint<'_, f32>, Disjoint<'_, f32>) {
        self.sums.reserve(sums);
        self.packs.reserve(packs);
        (Disjoint::new(&mut self.sums), Disjoint::new(&mut self.packs))
    }
}
