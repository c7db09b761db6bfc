//! One image through all filters, followed by bias, activation and 2x2 max-pooling.

use super::{Filter, Image};
use crate::simd::lanes::{Kernel, Lanes, WIDTH, array};

/// The output pixels of one image in groups of four, so that few addresses cover them all.
#[derive(Clone, Debug)]
pub struct Groups {
    starts: Vec<Start>,
    /// Offsets from the start to each of the four, in the input.
    input: [usize; 4],
    /// The same in the output.
    output: [usize; 4],
}

/// The start of a group.
#[derive(Clone, Copy, Debug)]
struct Start {
    /// The first value under the first pixel's filter.
    input: usize,
    /// The offset of its output.
    output: usize,
    /// The filter rows that overlap the image for any of the pixels; the border is 0.
    rows: [usize; 2],
}

/// The rows of a filter that overlap the image, at positions `row` to `last`.
///
/// A non-finite weight that would meet only zeros of the border is then never multiplied, so no output
/// shows it. It is still found: the following update checks every weight ([`watch`](crate::rule::watch)),
/// and a checkpoint with such a weight is refused.
fn rows_inside(input: &Image, height: usize, row: usize, last: usize) -> [usize; 2] {
    let start = input.before[0].saturating_sub(last);
    let end = (input.before[0] + input.size[0]).saturating_sub(row);
    [start.min(height), end.min(height)]
}

impl Groups {
    /// Groups along the rows; the last group of a row overlaps the one before unless the width is a
    /// multiple of four. `height` is the filter's height, `step` its stride in pixels.
    #[must_use]
    pub fn along_rows(input: &Image, height: usize, step: [usize; 2], output: &Image) -> Self {
        let filter_height = height;
        let [height, width] = output.size;
        let offset = |i: usize| i.min(width.saturating_sub(1));
        let columns = (0..width.div_ceil(4)).map(|i| (4 * i).min(width.saturating_sub(4)));
        let starts = (0..height).flat_map(|row| columns.clone().map(move |column| (row, column)));
        let at = |(row, column): (usize, usize)| {
            let rows = rows_inside(input, filter_height, row * step[0], row * step[0]);
            let first = row * step[0] * input.row() + column * step[1] * input.channels;
            Start { input: first, output: output.pixel(row, column), rows }
        };
        Self {
            starts: starts.map(at).collect(),
            input: std::array::from_fn(|i| offset(i) * step[1] * input.channels),
            output: std::array::from_fn(|i| offset(i) * output.channels),
        }
    }

    /// Windows of 2x2 pixels, each pooled into one pixel of `output`.
    #[must_use]
    pub fn windows(input: &Image, height: usize, step: [usize; 2], output: &Image) -> Self {
        let filter_height = height;
        let [down, right] = [step[0] * input.row(), step[1] * input.channels];
        let [height, width] = output.size;
        let starts = (0..height).flat_map(|row| (0..width).map(move |column| (row, column)));
        let at = |(row, column)| {
            let rows = rows_inside(input, filter_height, 2 * row * step[0], (2 * row + 1) * step[0]);
            let first = 2 * row * down + 2 * column * right;
            Start { input: first, output: output.pixel(row, column), rows }
        };
        Self { starts: starts.map(at).collect(), input: [0, right, down, down + right], output: [0; 4] }
    }
}

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
    /// `[panels, 16]`, or null for none.
    pub bias: *const f32,
    /// The activation's slope below 0 (0 for `relu`); `None` without an activation.
    pub slope: Option<f32>,
    /// The output image, with its border.
    pub output: *mut f32,
    /// `[windows, panels, 16]`: the index of the largest of the four pixels; null if outputs are not
    /// pooled.
    pub argmax: *mut u8,
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: guaranteed by the caller.
        unsafe {
            let mut panel = 0;
            while panel < self.panels {
                if const { L::TILE >= 24 } && panel + 2 <= self.panels {
                    self.all_groups::<L, 3, 2>(panel);
                    panel += 2;
                } else if const { L::TILE >= 24 } {
                    self.all_groups::<L, 3, 1>(panel);
                    panel += 1;
                } else {
                    self.all_groups::<L, 1, 1>(panel);
                    panel += 1;
                }
            }
        }
    }
}

impl Forward<'_> {
    #[inline(always)]
    unsafe fn all_groups<L: Lanes, const G: usize, const P: usize>(&self, panel: usize) {
        let (tiles, rest) = self.groups.starts.as_chunks::<G>();
        for (i, starts) in tiles.iter().enumerate() {
            // SAFETY: guaranteed by the caller.
            unsafe { self.tile::<L, G, P>(starts, i * G, panel) };
        }
        for (i, start) in rest.iter().enumerate() {
            // SAFETY: guaranteed by the caller.
            unsafe { self.tile::<L, 1, P>(&[*start], tiles.len() * G + i, panel) };
        }
    }

    /// `G` groups of four pixels times `P` panels of sixteen channels.
    #[inline(always)]
    unsafe fn tile<L: Lanes, const G: usize, const P: usize>(
        &self,
        starts: &[Start; G],
        first: usize,
        panel: usize,
    ) {
        // SAFETY: the caller guarantees the layouts given for the fields; the groups stay within the images
        // that they were made for.
        unsafe {
            let taps = self.filter.taps();
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
                            self.finish(four[i], panel + p).store(output.add(self.groups.output[i]));
                        }
                    } else {
                        let (best, argmax) = largest(four);
                        self.finish(best, panel + p).store(output);
                        let window = (first + g) * self.panels + panel + p;
                        argmax.store_bytes(self.argmax.add(window * WIDTH));
                    }
                }
            }
        }
    }

    /// Adds the bias and applies the activation.
    #[inline(always)]
    unsafe fn finish<L: Lanes>(&self, mut value: L, panel: usize) -> L {
        if !self.bias.is_null() {
            // SAFETY: there is one value per output channel.
            value = value + unsafe { L::load(self.bias.add(panel * WIDTH)) };
        }
        match self.slope {
            Some(slope) => value.leaky(slope),
            None => value,
        }
    }
}

/// The largest of four values, the first among equals, and its index. NaN is larger than all numbers.
#[inline(always)]
fn largest<L: Lanes>(four: [L; 4]) -> (L, L) {
    let mut best = four[0];
    let mut argmax = best.splat_like(0.0);
    for i in 1..4 {
        let better = L::or(four[i].gt(best), four[i].is_nan());
        best = four[i].select(better, best);
        argmax = argmax.splat_like(i as f32).select(better, argmax);
    }
    (best, argmax)
}
