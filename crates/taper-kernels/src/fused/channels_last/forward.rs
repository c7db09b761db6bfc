//! One image through all filters, followed by bias, activation and 2x2 max-pooling.

use super::Filter;
use super::epilogue::Epilogue;
use super::groups::Groups;
use crate::simd::lanes::{Kernel, Lanes, WIDTH, array};

/// The work on one image. All pointers are to `f32` values in the layouts given for each field.
pub struct Forward<'a> {
    /// The output pixels.
    pub groups: &'a Groups,
    /// The filter's footprint.
    pub filter: Filter,
    /// The number of vectors of output channels.
    pub panels: usize,
    /// The image, with its border.
    pub image: *const f32,
    /// `[panels, taps, 16]`, from [`pack`](super::pack).
    pub weights: *const f32,
    /// What follows.
    pub epilogue: Epilogue,
    /// The output image, with its border.
    pub output: *mut f32,
    /// `[windows, panels, 16]`: the choices of [`Epilogue::pool`]; null if outputs are not pooled.
    pub argmax: *mut u8,
    /// Whether to skip groups whose pixels are all zero. All weights must then be finite.
    pub has_zeros: bool,
}

/// The number of groups that are searched for zeros at a time.
const CHUNK: usize = 64;

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let all = &self.groups.all;
        // SAFETY: guaranteed by the caller.
        unsafe {
            if !self.has_zeros {
                self.all_panels::<L>(all);
                return;
            }
            for chunk in all.chunks(CHUNK) {
                let (mut occupied, mut count) = ([0; CHUNK], 0);
                for group in chunk {
                    if self.is_occupied::<L>(*group) {
                        occupied[count] = *group;
                        count += 1;
                    } else {
                        self.empty::<L>(*group);
                    }
                }
                self.all_panels::<L>(&occupied[..count]);
            }
        }
    }
}

impl Forward<'_> {
    /// Some groups, by their numbers.
    #[inline(always)]
    unsafe fn all_panels<L: Lanes>(&self, groups: &[usize]) {
        let mut panel = 0;
        while panel < self.panels {
            // SAFETY: guaranteed by the caller.
            unsafe {
                if const { L::TILE >= 24 } && panel + 2 <= self.panels {
                    self.all_groups::<L, 3, 2>(groups, panel);
                    panel += 2;
                } else if const { L::TILE >= 24 } {
                    self.all_groups::<L, 3, 1>(groups, panel);
                    panel += 1;
                } else {
                    self.all_groups::<L, 1, 1>(groups, panel);
                    panel += 1;
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn all_groups<L: Lanes, const G: usize, const P: usize>(&self, groups: &[usize], panel: usize) {
        let (tiles, rest) = groups.as_chunks::<G>();
        for groups in tiles {
            // SAFETY: guaranteed by the caller.
            unsafe { self.tile::<L, G, P>(*groups, panel) };
        }
        for group in rest {
            // SAFETY: guaranteed by the caller.
            unsafe { self.tile::<L, 1, P>([*group], panel) };
        }
    }

    /// Whether any value under a group's filters is not zero.
    #[inline(always)]
    unsafe fn is_occupied<L: Lanes>(&self, group: usize) -> bool {
        let ([rows, values], start) = (self.groups.reach, self.groups.starts[group]);
        let (rows, values) = (self.filter.rows + rows, self.filter.run + values);
        // SAFETY: the caller guarantees the image, with its border.
        unsafe {
            let zero = L::splat(0.0);
            let mut seen = zero.gt(zero);
            for row in 0..rows {
                let x = self.image.add(start.input + row * self.filter.row_step);
                for first in (0..values).step_by(WIDTH) {
                    seen = L::or(seen, L::load_first(x.add(first), WIDTH.min(values - first)).ne(zero));
                }
            }
            L::any(seen)
        }
    }

    /// The outputs of a group over zeros: what bias and activation make of 0. The first of four equal pixels is the largest.
    #[inline(always)]
    unsafe fn empty<L: Lanes>(&self, group: usize) {
        let start = self.groups.starts[group];
        for panel in 0..self.panels {
            // SAFETY: guaranteed by the caller.
            unsafe {
                let (value, choice) = self.epilogue.pool([L::splat(0.0); 4], panel);
                for i in 0..4 {
                    value.store(self.output.add(start.output + panel * WIDTH + self.groups.output[i]));
                }
                if !self.argmax.is_null() {
                    let window = group * self.panels + panel;
                    choice.store_bytes(self.argmax.add(window * WIDTH));
                }
            }
        }
    }

    /// `G` groups of four pixels times `P` panels of sixteen channels.
    #[inline(always)]
    unsafe fn tile<L: Lanes, const G: usize, const P: usize>(&self, groups: [usize; G], panel: usize) {
        // SAFETY: the caller guarantees the layouts given for the fields; the groups stay within the images
        // that they were made for.
        unsafe {
            let taps = self.filter.taps();
            let starts = array!([self.groups.starts[groups[0]]; G] g => self.groups.starts[groups[g]]);
            let zero = L::splat(0.0);
            let mut sums = [[[zero; P]; 4]; G];
            let offsets = [0, self.groups.input[1], self.groups.input[2], self.groups.input[3]];
            let (mut first_row, mut end_row) = (starts[0].rows[0], starts[0].rows[1]);
            for g in 1..G {
                first_row = first_row.min(starts[g].rows[0]);
                end_row = end_row.max(starts[g].rows[1]);
            }
            let above = first_row * self.filter.run;
            let mut weights =
                array!([self.weights; P] p => self.weights.add(((panel + p) * taps + above) * WIDTH));
            for row in first_row..end_row {
                let mut x =
                    array!([self.image; G] g => self.image.add(starts[g].input + row * self.filter.row_step));
                for _ in 0..self.filter.run {
                    let w = array!([zero; P] p => L::load(weights[p]));
                    for g in 0..G {
                        for i in 0..4 {
                            let value = L::splat(*x[g].add(offsets[i]));
                            for p in 0..P {
                                sums[g][i][p] = value.mul_add(w[p], sums[g][i][p]);
                            }
                        }
                        x[g] = x[g].add(1);
                    }
                    weights = array!([self.weights; P] p => weights[p].add(WIDTH));
                }
            }
            // Through memory: the code below is not unrolled and would otherwise keep the sums in memory
            // all the time.
            let mut done = [[[[0.0; WIDTH]; P]; 4]; G];
            for g in 0..G {
                for i in 0..4 {
                    for p in 0..P {
                        sums[g][i][p].store(done[g][i][p].as_mut_ptr());
                    }
                }
            }
            for g in 0..G {
                for p in 0..P {
                    let output = self.output.add(starts[g].output + (panel + p) * WIDTH);
                    let four = array!([zero; 4] i => L::load(done[g][i][p].as_ptr()));
                    if self.argmax.is_null() {
                        for i in 0..4 {
                            self.epilogue.apply(four[i], panel + p).store(output.add(self.groups.output[i]));
                        }
                    } else {
                        let (value, choice) = self.epilogue.pool(four, panel + p);
                        value.store(output);
                        let window = groups[g] * self.panels + panel + p;
                        choice.store_bytes(self.argmax.add(window * WIDTH));
                    }
                }
            }
        }
    }
}
