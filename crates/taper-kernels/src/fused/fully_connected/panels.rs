//! Weights with units in the lanes, in the order in which the forward pass reads them.

use std::ops::Range;

use super::stride;
use crate::simd::lanes::{Kernel, Lanes, WIDTH, array};

/// The maximum number of units of a panel: eight vectors.
const PANEL: usize = 8 * WIDTH;

/// The weights of consecutive inputs in panels of up to 128 units, each `[inputs, units of the panel]`, padded with zeros.
#[derive(Clone)]
pub struct Panels {
    pub weights: *mut f32,
    pub inputs: Range<usize>,
    pub units: usize,
}

impl Panels {
    /// The number of values that panels take.
    pub fn len(inputs: usize, units: usize) -> usize {
        inputs * (0..units).step_by(PANEL).map(|start| width(units, start)).sum::<usize>()
    }

    /// The vectors of the first panel, which has the most.
    #[inline(always)]
    pub fn vectors(&self) -> usize {
        width(self.units, 0) / WIDTH
    }

    /// The first unit and the number of vectors of each panel, and the address at which the weights of input
    /// 0 would be.
    #[inline(always)]
    pub fn each(&self) -> impl Iterator<Item = (usize, usize, *const f32)> {
        (0..self.units).step_by(PANEL).map(|start| {
            let width = width(self.units, start);
            (start, width / WIDTH, self.at(start, 0, width).cast_const())
        })
    }

    /// The address of the weights of `input` in the panel that begins at unit `start`.
    #[inline(always)]
    fn at(&self, start: usize, input: usize, width: usize) -> *mut f32 {
        let panel = self.weights.wrapping_add(start * self.inputs.len());
        panel.wrapping_add(input * width).wrapping_sub(self.inputs.start * width)
    }
}

/// The units of the panel that begins at `start`, with its padding: one, or an even number of vectors, for which there are tiles.
#[inline(always)]
fn width(units: usize, start: usize) -> usize {
    match stride(units - start) {
        WIDTH => WIDTH,
        units => units.next_multiple_of(2 * WIDTH).min(PANEL),
    }
}

/// Copies the weights of some inputs from `[units, inputs]` to panels.
pub struct Pack {
    pub panels: Panels,
    /// Start at a multiple of sixteen.
    pub columns: Range<usize>,
    /// `[units, inputs]`.
    pub weight: *const f32,
    pub inputs: usize,
}

impl Kernel for Pack {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { panels, columns, weight, inputs } = self;
        // One panel at a time, so that adjacent cache lines are written consecutively.
        for start in (0..panels.units).step_by(PANEL) {
            let width = width(panels.units, start);
            for column in columns.clone().step_by(WIDTH) {
                let count = WIDTH.min(columns.end - column);
                let to = panels.at(start, column, width);
                for vector in (0..width).step_by(WIDTH) {
                    let unit = start + vector;
                    let rows = WIDTH.min(panels.units.saturating_sub(unit));
                    let from = (weight.wrapping_add(unit * inputs + column), inputs);
                    // SAFETY: the caller guarantees that many rows of `count` weights, and panels for these
                    // inputs.
                    unsafe {
                        let to = (to.add(vector), width);
                        if (rows, count) == (WIDTH, WIDTH) {
                            block::<L, true>(from, to, WIDTH, WIDTH);
                        } else {
                            block::<L, false>(from, to, rows, count);
                        }
                    }
                }
            }
        }
    }
}

/// `rows` rows of `count` weights to `count` vectors of units; sixteen of both if `WHOLE`.
#[inline(always)]
unsafe fn block<L: Lanes, const WHOLE: bool>(
    (from, step): (*const f32, usize),
    (to, width): (*mut f32, usize),
    rows: usize,
    count: usize,
) {
    // SAFETY: guaranteed by the caller.
    unsafe {
        let zero = L::splat(0.0);
        let values = array!([zero; 16] i => if WHOLE {
            L::load(from.add(i * step))
        } else if i < rows {
            L::load_first(from.add(i * step), count)
        } else {
            zero
        });
        let transposed = L::transpose(values);
        for i in 0..WIDTH {
            if WHOLE || i < count {
                transposed[i].store(to.add(i * width));
            }
        }
    }
}
