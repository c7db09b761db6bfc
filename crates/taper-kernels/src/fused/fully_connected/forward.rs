//! y = act(x Wᵀ + b) · mask.

use super::{ROWS, rows, stride};
use crate::simd::arena::Arena;
use crate::simd::disjoint::Disjoint;
use crate::simd::holds;
use crate::simd::lanes::{self, Isa, Kernel, Lanes, WIDTH, array};
use crate::simd::team::Team;

/// The most inputs of one part: with those of its samples they stay in the cache. Measured at 5,408
/// inputs: 512 to 1,024 are the fastest, all at once takes 1.5 times as long.
const INPUTS: usize = 768;

/// Samples of one part.
const SAMPLES: usize = 32;

/// Units of one part: a vector of outputs.
const UNITS: usize = WIDTH;

/// The outputs of a dense layer.
pub struct Forward<'a> {
    /// Samples.
    pub samples: usize,
    /// Values of each.
    pub inputs: usize,
    /// Outputs of each.
    pub units: usize,
    /// Rows of the inputs.
    pub x: &'a [f32],
    /// `[units, inputs]`.
    pub weight: &'a [f32],
    /// `[units]`, if there is one.
    pub bias: Option<&'a [f32]>,
    /// What negative outputs are multiplied with, if anything: 0 for `relu`.
    pub slope: Option<f32>,
    /// What the outputs are multiplied with at last: rows like the outputs'.
    pub mask: Option<&'a [f32]>,
    /// Rows of the outputs.
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
        // Threads share the inputs first, as on the way back: the weights that one has updated are not
        // read by another, which costs more than the products where cores do not share a cache.
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
                samples: sample..(sample + SAMPLES).min(rows(samples)),
                units: unit..(unit + UNITS).min(units),
                columns: inputs.min(index * share)..inputs.min((index + 1) * share),
                inputs,
                x: x.as_ptr(),
                x_step,
                weight: weight.as_ptr(),
                y: if shares > 1 { sums.at(index * values) } else { y.at(0) },
                y_step,
                finish: (shares == 1).then_some(Finish::new(bias, slope, mask)),
            };
            // SAFETY: the slices were checked to hold what the sizes say. Parts write to different
            // outputs or sums.
            unsafe { lanes::run(isa, work) }
        });
        if shares > 1 {
            team.run(rows(samples) / ROWS, |part, _| {
                let work = Total {
                    rows: part * ROWS..(part + 1) * ROWS,
                    units,
                    sums: sums.at(0),
                    shares,
                    values,
                    y: y.at(0),
                    finish: Finish::new(bias, slope, mask),
                };
                // SAFETY: as above; the sums are only read, and parts have different rows.
                unsafe { lanes::run(isa, work) }
            });
        }
    }
}

/// Memory for sums on their way, kept from step to step.
#[derive(Default)]
pub struct Scratch(Arena);

impl Scratch {
    fn values(&mut self, len: usize) -> Disjoint<'_, f32> {
        self.0.reserve(len);
        Disjoint::new(&mut self.0)
    }
}

/// What is done with a sum: bias, activation and mask, which are read at the place of the output.
#[derive(Clone, Copy)]
pub(super) struct Finish {
    bias: *const f32,
    slope: Option<f32>,
    mask: *const f32,
}

impl Finish {
    /// Without a bias or a mask where there is none.
    pub fn new(bias: Option<&[f32]>, slope: Option<f32>, mask: Option<&[f32]>) -> Self {
        let pointer = |values: Option<&[f32]>| values.map_or(std::ptr::null(), <[f32]>::as_ptr);
        Self { bias: pointer(bias), slope, mask: pointer(mask) }
    }

    /// `count` outputs from `unit` on, at `at` among the rows.
    ///
    /// # Safety
    /// So many biases, and a whole vector of the mask, must be there.
    #[inline(always)]
    unsafe fn apply<L: Lanes>(self, mut value: L, unit: usize, count: usize, at: usize) -> L {
        // SAFETY: the caller's promise.
        unsafe {
            if !self.bias.is_null() {
                value = value + L::load_first(self.bias.add(unit), count);
            }
            if let Some(slope) = self.slope {
                value = value.leaky(slope);
            }
            if !self.mask.is_null() {
                value = value * L::load(self.mask.add(at));
            }
        }
        value
    }
}

/// Some units for some samples, over some columns of inputs. All rows of `samples` exist.
pub(super) struct Part {
    pub samples: std::ops::Range<usize>,
    /// Begin with a multiple of sixteen.
    pub units: std::ops::Range<usize>,
    /// Begin with a multiple of sixteen.
    pub columns: std::ops::Range<usize>,
    pub inputs: usize,
    pub x: *const f32,
    pub x_step: usize,
    pub weight: *const f32,
    /// Rows of outputs, or of sums if they are not finished.
    pub y: *mut f32,
    pub y_step: usize,
    pub finish: Option<Finish>,
}

impl Kernel for Part {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: passed on to the caller.
        unsafe {
            if L::TILE >= 24 {
                self.all_tiles::<L, 4, 4>();
            } else {
                self.all_tiles::<L, 2, 2>();
            }
            let Some(finish) = self.finish else { return };
            for start in self.units.clone().step_by(WIDTH) {
                let count = WIDTH.min(self.units.end - start);
                for sample in self.samples.clone() {
                    let at = sample * self.y_step + start;
                    let sum = L::load(self.y.add(at));
                    finish.apply(sum, start, count, at).store_first(self.y.add(at), count);
                }
            }
        }
    }
}

impl Part {
    #[inline(always)]
    unsafe fn all_tiles<L: Lanes, const S: usize, const U: usize>(&self) {
        for unit in self.units.clone().step_by(U) {
            for sample in self.samples.clone().step_by(S) {
                // SAFETY: passed on to the caller.
                unsafe { self.tile::<L, S, U>(sample, unit) };
            }
        }
    }

    /// `S` samples times `U` units.
    #[inline(always)]
    unsafe fn tile<L: Lanes, const S: usize, const U: usize>(&self, sample: usize, unit: usize) {
        // SAFETY: the caller promises that all rows exist; units behind the last are read as the last.
        unsafe {
            let zero = L::splat(0.0);
            let mut sums = [[zero; U]; S];
            let x = array!([self.x; S] i => self.x.add((sample + i) * self.x_step));
            let last = self.units.end - 1;
            let w = array!([self.weight; U] j => self.weight.add((unit + j).min(last) * self.inputs));
            let whole = self.columns.start + (self.columns.len() & !(WIDTH - 1));
            let mut k = self.columns.start;
            while k < whole {
                let values = array!([zero; S] i => L::load(x[i].add(k)));
                for j in 0..U {
                    let weight = L::load(w[j].add(k));
                    for i in 0..S {
                        sums[i][j] = values[i].mul_add(weight, sums[i][j]);
                    }
                }
                k += WIDTH;
            }
            if k < self.columns.end {
                let values = array!([zero; S] i => L::load(x[i].add(k)));
                for j in 0..U {
                    let weight = L::load_first(w[j].add(k), self.columns.end - k);
                    for i in 0..S {
                        sums[i][j] = values[i].mul_add(weight, sums[i][j]);
                    }
                }
            }
            let flat: [f32; 16] = if S * U == 16 {
                L::sums(array!([zero; 16] i => sums[i / U][i % U])).to_array()
            } else {
                array!([0.0; 16] i => if i < S * U { sums[i / U][i % U].sum() } else { 0.0 })
            };
            for i in 0..S {
                for j in 0..U {
                    if unit + j <= last {
                        *self.y.add((sample + i) * self.y_step + unit + j) = flat[i * U + j];
                    }
                }
            }
        }
    }
}

/// The shares' sums, added in order and finished, for some rows.
struct Total {
    rows: std::ops::Range<usize>,
    units: usize,
    sums: *const f32,
    shares: usize,
    /// Sums of one share.
    values: usize,
    y: *mut f32,
    finish: Finish,
}

impl Kernel for Total {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let step = stride(self.units);
        for row in self.rows.clone() {
            for unit in (0..self.units).step_by(WIDTH) {
                let (at, count) = (row * step + unit, WIDTH.min(self.units - unit));
                // SAFETY: rows have room for whole vectors, in each share.
                unsafe {
                    let mut sum = L::load(self.sums.add(at));
                    for share in 1..self.shares {
                        sum = sum + L::load(self.sums.add(share * self.values + at));
                    }
                    self.finish.apply(sum, unit, count, at).store_first(self.y.add(at), count);
                }
            }
        }
    }
}
