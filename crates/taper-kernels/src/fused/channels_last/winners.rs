//! The gradient of filters over images of one channel that are followed by 2x2 max-pooling.
//!
//! The gradient of a pooled value lies at one pixel of four, so three of four products with the gradient of all pixels would be
//! with zero. Here each channel takes the value under its own pixel instead: from groups of four pixels,
//! one permutation for each weight of the filter.

use super::Filter;
use super::epilogue::pooled_gradient;
use crate::simd::lanes::{Kernel, Lanes, WIDTH, array};

/// Groups of four pixels of an image of one channel: each pixel, and those that follow it to the right, below, and in both directions.
pub struct Quads {
    /// Values of the image, with its border.
    pub len: usize,
    pub image: *const f32,
    /// How far away the next output pixel is, down and to the right, in values of the image.
    pub steps: [usize; 2],
    /// `[len, 4]`.
    pub groups: *mut f32,
}

impl Kernel for Quads {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let [down, right] = self.steps;
        for first in (0..self.len).step_by(WIDTH) {
            // SAFETY: the caller guarantees the image, of which no value after the last is read, and memory for whole vectors.
            unsafe {
                let four = array!([L::splat(0.0); 4] i => {
                    let at = first + [0, right, down, down + right][i];
                    L::load_first(self.image.wrapping_add(at), WIDTH.min(self.len.saturating_sub(at)))
                });
                L::store_groups(four, self.groups.add(4 * first));
            }
        }
    }
}

/// The work on one image. All pointers are to values in the layouts given for each field.
pub struct WinnersGradient {
    /// The filter's footprint on the image.
    pub filter: Filter,
    /// The number of vectors of output channels.
    pub panels: usize,
    /// Output pixels, after pooling.
    pub size: [usize; 2],
    /// From [`Quads`].
    pub quads: *const f32,
    /// How far away the next window is, down and to the right, in values of the image.
    pub steps: [usize; 2],
    /// The first pixel of the output's gradient.
    pub gradient: *const f32,
    /// Its row stride.
    pub row: usize,
    /// The activation's slope below 0 (0 for `relu`); `None` without an activation.
    pub slope: Option<f32>,
    /// The indices written by [`Forward`](super::Forward).
    pub argmax: *const u8,
    /// `[taps, panels, 16]`, to which the gradient is added.
    pub sums: *mut f32,
    /// `[panels, 16]`, to which the gradients of all pixels are added: the gradient of the bias.
    pub bias: *mut f32,
}

impl Kernel for WinnersGradient {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let taps = self.filter.taps();
        for panel in 0..self.panels {
            let mut tap = 0;
            while tap < taps {
                // SAFETY: guaranteed by the caller.
                tap += unsafe {
                    match taps - tap {
                        9.. if const { L::TILE >= 24 } => self.tile::<L, 9>(panel, tap),
                        5.. => self.tile::<L, 5>(panel, tap),
                        4 => self.tile::<L, 4>(panel, tap),
                        3 => self.tile::<L, 3>(panel, tap),
                        2 => self.tile::<L, 2>(panel, tap),
                        _ => self.tile::<L, 1>(panel, tap),
                    }
                };
            }
        }
    }
}

impl WinnersGradient {
    /// `T` weights of each filter of a panel, and the bias along with the first ones. Returns `T`.
    #[inline(always)]
    unsafe fn tile<L: Lanes, const T: usize>(&self, panel: usize, tap: usize) -> usize {
        let channels = self.panels * WIDTH;
        let Filter { run, row_step, .. } = self.filter;
        // SAFETY: the caller guarantees the layouts given for the fields.
        unsafe {
            let sums = self.sums.add(tap * channels + panel * WIDTH);
            let bias = self.bias.add(panel * WIDTH);
            let offsets = array!([0; T] t => 4 * ((tap + t) / run * row_step + (tap + t) % run));
            let mut tile = array!([L::splat(0.0); T] t => L::load(sums.add(t * channels)));
            let mut sum = L::load(bias);
            for y in 0..self.size[0] {
                for x in 0..self.size[1] {
                    let at = y * self.row + x * channels + panel * WIDTH;
                    let window = (y * self.size[1] + x) * self.panels + panel;
                    let choice = L::load_bytes(self.argmax.add(window * WIDTH));
                    let gradient = pooled_gradient(L::load(self.gradient.add(at)), choice, self.slope);
                    sum = sum + gradient;
                    let picks = L::load_picks(self.argmax.add(window * WIDTH));
                    let quads = self.quads.add(4 * (y * self.steps[0] + x * self.steps[1]));
                    for t in 0..T {
                        tile[t] = L::pick(quads.add(offsets[t]), picks).mul_add(gradient, tile[t]);
                    }
                }
            }
            for t in 0..T {
                tile[t].store(sums.add(t * channels));
            }
            if tap == 0 {
                sum.store(bias);
            }
        }
        T
    }
}
