//! The gradient of a batch's filters from its partial sums.

use super::Convolution;
use crate::fused::channels_last::pack::Unpack;
use crate::simd::disjoint::Disjoint;
use crate::simd::lanes::{self, Isa};
use crate::simd::team::Team;

/// The number of sums that one thread adds up at a time.
const RANGE: usize = 1 << 12;

impl Convolution {
    /// Adds up the partial sums in order and converts the result to PyTorch's order.
    pub(super) fn gather(
        &self,
        team: &mut Team,
        isa: Isa,
        parts: usize,
        sums: Disjoint<'_, f32>,
        weight_gradient: &mut [f32],
        bias_gradient: &mut [f32],
    ) {
        let (sizes, part_len, row) = (self.sizes(), self.part_len(), self.output.channels);
        assert_eq!(weight_gradient.len(), sizes.filters * sizes.size(), "gradients of filters");
        assert_eq!(bias_gradient.len(), sizes.filters, "gradients of the bias");
        team.run(part_len.div_ceil(RANGE), |range, _| {
            let range = range * RANGE..part_len.min((range + 1) * RANGE);
            // SAFETY: each range of the first part belongs to one thread, and nobody writes to the other
            // parts.
            let total = unsafe { sums.part(range.clone()) };
            for part in 1..parts {
                let start = part * part_len;
                // SAFETY: as above.
                let values = unsafe { sums.part(start + range.start..start + range.end) };
                total.iter_mut().zip(values).for_each(|(total, value)| *total += *value);
            }
        });
        // SAFETY: nobody writes to the sums any more.
        let sums: &[f32] = unsafe { sums.part(0..part_len) };
        bias_gradient.copy_from_slice(&sums[part_len - row..][..sizes.filters]);
        let gradient = Disjoint::new(weight_gradient);
        team.run(self.panels(), |panel, _| {
            let (stride, gradient) = (self.input.channels, gradient.at(0));
            // SAFETY: the slices have these sizes, and each panel its own filters.
            unsafe { lanes::run(isa, Unpack { sizes, stride, panel, sums: sums.as_ptr(), row, gradient }) }
        });
    }
}
