//! y = act(x Wᵀ + b) · mask.

use super::super::disjoint::Disjoint;
use super::super::lanes::{self, Isa, Kernel, Lanes, WIDTH, array};
use super::super::team::Team;
use super::{rows, stride};

/// Inputs that are summed before the next units' turn: so many values of the samples of one part stay
/// in the cache. Measured at 5,408 inputs: 512 to 1,024 are the fastest, all at once takes 1.5 times as long.
const CHUNK: usize = 768;

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
        assert!(x.len() >= rows(samples) * x_step, "rows of inputs");
        assert!(y.len() >= rows(samples) * y_step, "rows of outputs");
        assert!(mask.is_none_or(|mask| mask.len() >= rows(samples) * y_step), "rows of the mask");
        assert!(bias.is_none_or(|bias| bias.len() == units), "one bias for each unit");
        assert_eq!(weight.len(), units * inputs, "weights");
        let part_sums = if inputs > CHUNK { SAMPLES * UNITS * WIDTH } else { 0 };
        let sums = scratch.for_threads(team.threads(), part_sums);
        let (y, unit_parts) = (Disjoint::new(y), units.div_ceil(UNITS));
        team.run(unit_parts * samples.div_ceil(SAMPLES), |part, thread| {
            let unit = part % unit_parts * UNITS;
            let sample = part / unit_parts * SAMPLES;
            let samples = sample..(sample + SAMPLES).min(rows(samples));
            let work = Part {
                samples,
                units: unit..(unit + UNITS).min(units),
                inputs,
                x: x.as_ptr(),
                x_step,
                weight: weight.as_ptr(),
                bias: bias.map(<[f32]>::as_ptr),
                slope,
                mask: mask.map(<[f32]>::as_ptr),
                y: y.at(0),
                y_step,
                chunk: CHUNK,
                sums: sums.at(thread * part_sums),
            };
            // SAFETY: the slices were checked to hold what the sizes say. Parts write to different
            // outputs, and each thread has its own sums.
            unsafe { lanes::run(isa, work) }
        });
    }
}

/// Memory for sums on their way, kept from step to step.
#[derive(Default)]
pub struct Scratch(Vec<f32>);

impl Scratch {
    /// `len` values for each of `threads`.
    pub(in super::super) fn for_threads(&mut self, threads: usize, len: usize) -> Disjoint<'_, f32> {
        if self.0.len() < threads * len {
            self.0.resize(threads * len, 0.0);
        }
        Disjoint::new(&mut self.0)
    }
}

/// Some units for some samples. All rows of `samples` exist.
pub(super) struct Part {
    pub samples: std::ops::Range<usize>,
    /// Begin with a multiple of sixteen.
    pub units: std::ops::Range<usize>,
    pub inputs: usize,
    pub x: *const f32,
    pub x_step: usize,
    pub weight: *const f32,
    pub bias: Option<*const f32>,
    pub slope: Option<f32>,
    pub mask: Option<*const f32>,
    pub y: *mut f32,
    pub y_step: usize,
    /// Inputs that are summed before the next units' turn: whole vectors.
    pub chunk: usize,
    /// Where vectors of sums wait for the next chunk of inputs, if there are several.
    pub sums: *mut f32,
}

impl Kernel for Part {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: passed on to the caller.
        unsafe {
            for start in (0..self.inputs).step_by(self.chunk) {
                let chunk = start..self.inputs.min(start.saturating_add(self.chunk));
                if L::TILE >= 24 {
                    self.all_tiles::<L, 4, 4>(chunk);
                } else {
                    self.all_tiles::<L, 2, 2>(chunk);
                }
            }
            for start in self.units.clone().step_by(WIDTH) {
                for sample in self.samples.clone() {
                    self.finish::<L>(sample, start, WIDTH.min(self.units.end - start));
                }
            }
        }
    }
}

impl Part {
    #[inline(always)]
    unsafe fn all_tiles<L: Lanes, const S: usize, const U: usize>(&self, chunk: std::ops::Range<usize>) {
        let mut sums = self.sums;
        for unit in self.units.clone().step_by(U) {
            for sample in self.samples.clone().step_by(S) {
                // SAFETY: passed on to the caller; the sums of one part fit into a thread's scratch.
                unsafe { self.tile::<L, S, U>(sample, unit, chunk.clone(), sums) };
                sums = sums.wrapping_add(S * U * WIDTH);
            }
        }
    }

    /// `S` samples times `U` units, over one chunk of the inputs.
    #[inline(always)]
    unsafe fn tile<L: Lanes, const S: usize, const U: usize>(
        &self,
        sample: usize,
        unit: usize,
        chunk: std::ops::Range<usize>,
        waiting: *mut f32,
    ) {
        // SAFETY: the caller promises that all rows exist; units behind the last are read as the last.
        unsafe {
            let zero = L::splat(0.0);
            let mut sums = [[zero; U]; S];
            if chunk.start > 0 {
                for i in 0..S {
                    for j in 0..U {
                        sums[i][j] = L::load(waiting.add((i * U + j) * WIDTH));
                    }
                }
            }
            let x = array!([self.x; S] i => self.x.add((sample + i) * self.x_step));
            let last = self.units.end - 1;
            let w = array!([self.weight; U] j => self.weight.add((unit + j).min(last) * self.inputs));
            let whole = chunk.start + (chunk.len() & !(WIDTH - 1));
            let mut k = chunk.start;
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
            if k < chunk.end {
                let values = array!([zero; S] i => L::load(x[i].add(k)));
                for j in 0..U {
                    let weight = L::load_first(w[j].add(k), chunk.end - k);
                    for i in 0..S {
                        sums[i][j] = values[i].mul_add(weight, sums[i][j]);
                    }
                }
            }
            if chunk.end < self.inputs {
                for i in 0..S {
                    for j in 0..U {
                        sums[i][j].store(waiting.add((i * U + j) * WIDTH));
                    }
                }
                return;
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

    /// Bias, activation and mask for `count` units of one row.
    #[inline(always)]
    unsafe fn finish<L: Lanes>(&self, sample: usize, start: usize, count: usize) {
        // SAFETY: rows have room for whole vectors; the bias is read up to its end.
        unsafe {
            let y = self.y.add(sample * self.y_step + start);
            let mut value = L::load(y);
            if let Some(bias) = self.bias {
                value = value + L::load_first(bias.add(start), count);
            }
            if let Some(slope) = self.slope {
                value = value.leaky(slope);
            }
            if let Some(mask) = self.mask {
                value = value * L::load(mask.add(sample * self.y_step + start));
            }
            value.store_first(y, count);
        }
    }
}
