//! From the gradient of a dense layer's outputs back to that of its sums, and the bias's update.

use super::{rows, stride};
use crate::rule::{Rule, SLOTS, Shared, Trained, Watched};
use crate::simd::disjoint::Disjoint;
use crate::simd::holds;
use crate::simd::lanes::{self, Isa, Kernel, Lanes, WIDTH};
use crate::simd::team::Team;

/// The gradient of the sums z of y = act(z) · mask, with z = x Wᵀ + b.
pub struct Delta<'a> {
    /// Who works.
    pub team: &'a mut Team,
    /// With which instructions.
    pub isa: Isa,
    /// Samples.
    pub samples: usize,
    /// Outputs of each.
    pub units: usize,
    /// Rows of the outputs.
    pub y: &'a [f32],
    /// What negative sums were multiplied with, if anything.
    pub slope: Option<f32>,
    /// What the outputs were multiplied with at last: rows like the outputs'.
    pub mask: Option<&'a [f32]>,
    /// Rows of the outputs' gradient, which becomes that of the sums.
    pub gradient: &'a mut [f32],
    /// The same gradient as `[units, rows]`, rows being [`rows`] of the samples.
    pub transposed: &'a mut [f32],
    /// `[units]`, if there is one.
    pub bias: Option<Trained<'a>>,
}

impl Delta<'_> {
    /// Computes it, and updates the bias.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn run<R: Rule>(self, rule: Watched<'_, R>) {
        let Self { team, isa, samples, units, y, slope, mask, gradient, transposed, bias } = self;
        let (step, height) = (stride(units), rows(samples));
        assert!(isa.available(), "{isa:?}");
        let enough = |rows: &[f32]| holds(rows.len(), &[height, step]);
        assert!(enough(y) && enough(gradient), "rows of outputs");
        assert!(mask.is_none_or(enough), "rows of the mask");
        assert!(holds(transposed.len(), &[units, height]), "transposed rows");
        let (gradient, transposed) = (Disjoint::new(gradient), Disjoint::new(transposed));
        let bias = bias.map(|bias| Shared::new(bias, units, rule));
        team.run(units.div_ceil(WIDTH), |part, _| {
            let start = part * WIDTH;
            let work = Part {
                samples,
                count: (units - start).min(WIDTH),
                step,
                y: y[start..].as_ptr(),
                slope,
                mask: mask.map(|mask| mask[start..].as_ptr()),
                gradient: gradient.at(start),
                transposed: transposed.at(start * height),
                height,
                bias: bias.map(|bias| bias.at(start)),
                rule,
            };
            // SAFETY: the slices were checked to hold what the sizes say; parts have different units.
            unsafe { lanes::run(isa, work) }
        });
    }
}

/// Sixteen units, or the last of them; pointers are to the first one.
struct Part<'a, R> {
    samples: usize,
    count: usize,
    step: usize,
    y: *const f32,
    slope: Option<f32>,
    mask: Option<*const f32>,
    gradient: *mut f32,
    transposed: *mut f32,
    height: usize,
    bias: Option<(*mut f32, [*mut f32; SLOTS])>,
    rule: Watched<'a, R>,
}

impl<R: Rule> Kernel for Part<'_, R> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: rows have room for whole vectors; what lies behind the last unit is not written to.
        unsafe {
            let mut sum = L::splat(0.0);
            for sample in 0..self.samples {
                let at = sample * self.step;
                let mut gradient = L::load(self.gradient.add(at));
                if let Some(slope) = self.slope {
                    gradient = gradient.leaky_gradient(L::load(self.y.add(at)), slope);
                }
                if let Some(mask) = self.mask {
                    gradient = gradient * L::load(mask.add(at));
                }
                sum = sum + gradient;
                gradient.store_first(self.gradient.add(at), self.count);
                let values = gradient.to_array();
                for unit in 0..self.count {
                    *self.transposed.add(unit * self.height + sample) = values[unit];
                }
            }
            if let Some((theta, slots)) = self.bias {
                let seen = self.rule.step_first(sum, theta, slots, self.count, L::splat(0.0));
                self.rule.conclude(seen);
            }
        }
    }
}

/// From the gradient of the outputs to that of the sums, for some rows.
pub(super) struct DeltaRows {
    pub rows: std::ops::Range<usize>,
    pub units: usize,
    pub y: *const f32,
    pub slope: Option<f32>,
    pub mask: Option<*const f32>,
    pub gradient: *mut f32,
    pub transposed: *mut f32,
    pub height: usize,
}

impl Kernel for DeltaRows {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let step = stride(self.units);
        for row in self.rows.clone() {
            for start in (0..self.units).step_by(WIDTH) {
                let (at, count) = (row * step + start, WIDTH.min(self.units - start));
                // SAFETY: rows have room for whole vectors; what lies behind the last unit is not written to.
                unsafe {
                    let mut gradient = L::load(self.gradient.add(at));
                    if let Some(slope) = self.slope {
                        gradient = gradient.leaky_gradient(L::load(self.y.add(at)), slope);
                    }
                    if let Some(mask) = self.mask {
                        gradient = gradient * L::load(mask.add(at));
                    }
                    gradient.store_first(self.gradient.add(at), count);
                    let values = gradient.to_array();
                    for i in 0..count {
                        *self.transposed.add((start + i) * self.height + row) = values[i];
                    }
                }
            }
        }
    }
}
