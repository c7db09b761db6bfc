//! The weights of a dense layer, prepared for consecutive passes between which they do not change.

use super::panels::{Pack, Panels};
use crate::simd::arena::Arena;
use crate::simd::disjoint::Disjoint;
use crate::simd::lanes::{self, Isa, WIDTH};
use crate::simd::team::Team;

/// Inputs whose weights a thread copies at a time.
const INPUTS: usize = 16 * WIDTH;

/// A copy of all weights in the order of the forward pass.
#[derive(Default)]
pub struct Prepared {
    weights: Arena,
    /// Inputs and units.
    sizes: [usize; 2],
}

impl Prepared {
    /// Whether weights have been prepared.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.sizes[1] > 0
    }

    /// Copies `weight`, `[units, inputs]`.
    ///
    /// # Panics
    /// If it has another length.
    pub fn prepare(&mut self, team: &mut Team, isa: Isa, sizes: [usize; 2], weight: &[f32]) {
        let [inputs, units] = sizes;
        assert_eq!(Some(weight.len()), units.checked_mul(inputs), "weights");
        assert!(isa.available(), "{isa:?}");
        self.sizes = sizes;
        self.weights.reserve(Panels::len(inputs, units));
        let to = Disjoint::new(&mut self.weights);
        team.run(inputs.div_ceil(INPUTS), |part, _| {
            let columns = part * INPUTS..inputs.min((part + 1) * INPUTS);
            let panels = Panels { weights: to.at(0), inputs: 0..inputs, units };
            // SAFETY: both slices hold all weights, and parts have different inputs.
            unsafe { lanes::run(isa, Pack { panels, columns, weight: weight.as_ptr(), inputs }) }
        });
    }

    /// Inputs and units.
    pub(super) fn sizes(&self) -> [usize; 2] {
        self.sizes
    }

    /// The weights in panels.
    pub(super) fn weights(&self) -> &[f32] {
        &self.weights
    }
}
