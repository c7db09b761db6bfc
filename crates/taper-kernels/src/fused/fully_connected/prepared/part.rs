//! One thread's part of preparing weights, and of the outputs.

use super::super::forward::{Epilogue, INPUTS};
use super::super::stride;
use super::PANEL;
use crate::simd::lanes::{Kernel, Lanes, WIDTH, array};

/// Some inputs of all weights, from `[units, inputs]` to panels.
pub struct Turn {
    /// Starts at a multiple of sixteen.
    pub columns: std::ops::Range<usize>,
    pub inputs: usize,
    pub units: usize,
    pub weight: *const f32,
    pub to: *mut f32,
}

impl Kernel for Turn {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        for unit in (0..self.units).step_by(WIDTH) {
            let (start, width) = panel(self.units, unit / PANEL * PANEL);
            let real = WIDTH.min(self.units - unit);
            for column in self.columns.clone().step_by(WIDTH) {
                let count = WIDTH.min(self.columns.end - column);
                // SAFETY: `real` rows of `count` weights are left, and panels have room for whole vectors of units.
                unsafe {
                    let from = self.weight.add(unit * self.inputs + column);
                    let zero = L::splat(0.0);
                    let rows = array!([zero; 16] i => if i < real {
                        L::load_first(from.add(i * self.inputs), count)
                    } else {
                        zero
                    });
                    let turned = L::transpose(rows);
                    let to = self.to.add(start * self.inputs + column * width + unit - start);
                    for i in 0..WIDTH {
                        if i < count {
                            turned[i].store(to.add(i * width));
                        }
                    }
                }
            }
        }
    }
}

/// The first unit of the panel that begins at `start`, and how many it has, with its padding.
#[inline(always)]
fn panel(units: usize, start: usize) -> (usize, usize) {
    (start, PANEL.min(stride(units) - start))
}

/// All units for some samples, over some inputs.
pub struct Part {
    pub samples: std::ops::Range<usize>,
    /// Starts at a multiple of sixteen; at most [`INPUTS`].
    pub columns: std::ops::Range<usize>,
    pub inputs: usize,
    pub units: usize,
    pub x: *const f32,
    pub x_step: usize,
    /// `[panels, inputs, units of the panel]`.
    pub weights: *const f32,
    /// Rows of outputs, or of sums without an epilogue.
    pub y: *mut f32,
    pub y_step: usize,
    pub epilogue: Option<Epilogue>,
}

impl Kernel for Part {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: guaranteed by the caller.
        unsafe {
            let mut sample = self.samples.start;
            while sample < self.samples.end {
                sample += match self.samples.end - sample {
                    4.. if const { L::TILE >= 24 } => self.group::<L, 4, 4>(sample),
                    3.. if const { L::TILE < 24 } => self.group::<L, 3, 2>(sample),
                    _ => self.group::<L, 1, 4>(sample),
                };
            }
        }
    }
}

impl Part {
    /// `S` samples, whose tiles have `V` vectors of units. Returns `S`.
    #[inline(always)]
    unsafe fn group<L: Lanes, const S: usize, const V: usize>(&self, sample: usize) -> usize {
        let mut list = [0; INPUTS + WIDTH];
        // SAFETY: guaranteed by the caller; the list has room for all columns and a vector more.
        unsafe {
            let count = self.occupied::<L, S>(sample, &mut list);
            let mut unit = 0;
            while unit < self.units {
                let left = stride(self.units) - unit;
                unit += if left >= V * WIDTH {
                    self.tile::<L, S, V>(sample, unit, &list[..count])
                } else {
                    self.tile::<L, S, 1>(sample, unit, &list[..count])
                };
            }
        }
        S
    }

    /// Lists the columns in which at least one of `S` samples is not zero. Returns their number.
    #[inline(always)]
    unsafe fn occupied<L: Lanes, const S: usize>(
        &self,
        sample: usize,
        list: &mut [u32; INPUTS + WIDTH],
    ) -> usize {
        let mut count = 0;
        for column in self.columns.clone().step_by(WIDTH) {
            // SAFETY: rows have whole vectors. No column at or after the end is listed, whatever the padding holds.
            unsafe {
                let zero = L::splat(0.0);
                let left = self.columns.end - column;
                let x = self.x.add(sample * self.x_step + column);
                let mut mask = L::load_first(x, left.min(WIDTH)).ne(zero);
                for i in 1..S {
                    mask = L::or(mask, L::load_first(x.add(i * self.x_step), left.min(WIDTH)).ne(zero));
                }
                count += L::store_set(mask, column as u32, list.as_mut_ptr().add(count));
            }
        }
        count
    }

    /// `S` samples times `V` vectors of units of one panel. Returns the number of units.
    #[inline(always)]
    unsafe fn tile<L: Lanes, const S: usize, const V: usize>(
        &self,
        sample: usize,
        unit: usize,
        list: &[u32],
    ) -> usize {
        let (start, width) = panel(self.units, unit / PANEL * PANEL);
        // SAFETY: the caller guarantees the rows; listed columns are those of the part.
        unsafe {
            let zero = L::splat(0.0);
            let mut sums = [[zero; V]; S];
            let weights = self.weights.add(start * self.inputs + unit - start);
            let x = array!([self.x; S] i => self.x.add((sample + i) * self.x_step));
            for column in list {
                let column = *column as usize;
                let w = weights.add(column * width);
                let w = array!([zero; V] j => L::load(w.add(j * WIDTH)));
                for i in 0..S {
                    let value = L::splat(*x[i].add(column));
                    for j in 0..V {
                        sums[i][j] = value.mul_add(w[j], sums[i][j]);
                    }
                }
            }
            for i in 0..S {
                for j in 0..V {
                    let (unit, at) = (unit + j * WIDTH, (sample + i) * self.y_step + unit + j * WIDTH);
                    let count = WIDTH.min(self.units - unit);
                    // A sum of -0, which needs underflow, depends on the zeros that other samples left out.
                    let sum = sums[i][j] + zero;
                    let y = match self.epilogue {
                        Some(epilogue) => epilogue.apply(sum, unit, count, at),
                        None => sum,
                    };
                    y.store_first(self.y.add(at), count);
                }
            }
        }
        V * WIDTH
    }
}
