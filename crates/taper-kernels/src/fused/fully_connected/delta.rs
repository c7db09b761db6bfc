//! From the gradient of a dense layer's outputs back to the gradient of its pre-activations, and the update
//! of the bias.

use super::{rows, stride};
use crate::rule::{MAX_STATE, Rule, Shared, Trained, Watched};
use crate::simd::disjoint::Disjoint;
use crate::simd::holds;
use crate::simd::lanes::{self, Isa, Kernel, Lanes, WIDTH};
use crate::simd::team::Team;

/// The gradient of the pre-activations z of y = act(z) · mask, with z = x Wᵀ + b.
pub struct Delta<'a> {
    /// The thread team.
    pub team: &'a mut Team,
    /// The instruction set.
    pub isa: Isa,
    /// Samples.
    pub samples: usize,
    /// Outputs per sample.
    pub units: usize,
    /// Rows of the outputs.
    pub y: &'a [f32],
    /// The activation's slope below 0 (0 for `relu`); `None` without an activation.
    pub slope: Option<f32>,
    /// The mask that the outputs were multiplied by: rows like the outputs'.
    pub mask: Option<&'a [f32]>,
    /// Rows of the outputs' gradient, replaced by the gradient of the pre-activations.
    pub gradient: &'a mut [f32],
    /// The same gradient as `[units, rows]`, where rows is [`rows`] of the samples.
    pub transposed: &'a mut [f32],
    /// `[units]`, if there is one.
    pub bias: Option<Trained<'a>>,
}

impl Delta<'_> {
    /// Computes the gradient and updates the bias.
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
            // SAFETY: the slices were checked against the sizes; parts have different units.
            unsafe { lanes::run(isa, work) }
        });
    }
}

/// Up to sixteen units; pointers are to the first one.
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
    bias: Option<(*mut f32, [*mut f32; MAX_STATE])>,
    rule: Watched<'a, R>,
}

impl<R: Rule> Kernel for Part<'_, R> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: rows have room for whole vectors; nothing after the last unit is written to.
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
            if let Some((theta, state)) = self.bias {
                let seen = self.rule.step_first(sum, theta, state, self.count, L::splat(0.0));
                self.rule.check(seen);
            }
        }
    }
}

/// From the gradient of the outputs to the gradient of the pre-activations, for some rows.
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
                // SAFETY: rows have room for whole vectors; nothing after the last unit is written to.
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
