//! Sums for each channel over the pixels of some samples.

use std::ops::Range;

use crate::fused::Grid;
use crate::simd::lanes::{Kernel, Lanes, WIDTH, array};

/// The sum of each channel's values, and that of their squared distances from [`center`].
pub struct Statistics<'a> {
    /// The samples.
    pub samples: Range<usize>,
    /// Their layout.
    pub input: &'a Grid,
    /// The first value of all samples.
    pub x: *const f32,
    /// `[channels]`, padded to whole vectors: the results.
    pub sums: [*mut f32; 2],
}

/// The rounded mean of `count` values with this sum.
pub fn center(sum: f32, count: usize) -> f32 {
    sum * (1.0 / count as f32)
}

impl Kernel for Statistics<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let channels = self.input.channels;
        for channel in (0..channels).step_by(2 * WIDTH) {
            // SAFETY: guaranteed by the caller.
            unsafe {
                match channels - channel {
                    count if count >= 2 * WIDTH => self.vectors::<L, 2>(channel, WIDTH),
                    count if count > WIDTH => {
                        self.vectors::<L, 1>(channel, WIDTH);
                        self.vectors::<L, 1>(channel + WIDTH, count - WIDTH);
                    }
                    count => self.vectors::<L, 1>(channel, count),
                }
            }
        }
    }
}

impl Statistics<'_> {
    /// `P` vectors of `count` channels each.
    #[inline(always)]
    unsafe fn vectors<L: Lanes, const P: usize>(&self, channel: usize, count: usize) {
        let Grid { image, .. } = self.input;
        let pixels = self.samples.len() * self.input.pixels();
        // SAFETY: guaranteed by the caller.
        unsafe {
            let zero = L::splat(0.0);
            let (mut sums, mut squares) = ([zero; P], [zero; P]);
            for sample in self.samples.clone() {
                for row in 0..image.size[0] {
                    let mut x = self.x.add(sample * image.len() + image.pixel(row, 0) + channel);
                    for _ in 0..image.size[1] {
                        sums = array!([zero; P] p => sums[p] + load(x.add(p * WIDTH), count));
                        x = x.wrapping_add(image.channels);
                    }
                }
            }
            let rate = L::splat(1.0 / pixels as f32);
            let centers = array!([zero; P] p => sums[p] * rate);
            for sample in self.samples.clone() {
                for row in 0..image.size[0] {
                    let mut x = self.x.add(sample * image.len() + image.pixel(row, 0) + channel);
                    for _ in 0..image.size[1] {
                        let values = array!([zero; P] p => load::<L>(x.add(p * WIDTH), count) - centers[p]);
                        squares = array!([zero; P] p => values[p].mul_add(values[p], squares[p]));
                        x = x.wrapping_add(image.channels);
                    }
                }
            }
            for p in 0..P {
                sums[p].store(self.sums[0].add(channel + p * WIDTH));
                squares[p].store(self.sums[1].add(channel + p * WIDTH));
            }
        }
    }
}

/// The gradients of γ and β; with an activation, first that of its input, which replaces that of its output.
pub struct Gradients<'a> {
    /// The samples.
    pub samples: Range<usize>,
    /// The layouts of inputs and outputs.
    pub grids: [&'a Grid; 2],
    /// The first values of all samples: inputs, outputs and the gradient of the outputs.
    pub x: *const f32,
    pub y: *const f32,
    pub gradient: *mut f32,
    /// μ and 1 / √(σ² + ε), `[channels]`, padded to whole vectors.
    pub normal: [*const f32; 2],
    /// The activation's slope below 0 (0 for `relu`); `None` without an activation.
    pub slope: Option<f32>,
    /// `[channels]`, padded to whole vectors: the results.
    pub sums: [*mut f32; 2],
}

impl Kernel for Gradients<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let channels = self.grids[0].channels;
        for channel in (0..channels).step_by(WIDTH) {
            // SAFETY: guaranteed by the caller.
            unsafe { self.vector::<L>(channel, WIDTH.min(channels - channel)) };
        }
    }
}

impl Gradients<'_> {
    /// `count` channels.
    #[inline(always)]
    unsafe fn vector<L: Lanes>(&self, channel: usize, count: usize) {
        let [input, output] = self.grids.map(|grid| grid.image);
        // SAFETY: guaranteed by the caller.
        unsafe {
            let [mean, rate] = array!([L::splat(0.0); 2] i => L::load(self.normal[i].add(channel)));
            let (mut along, mut all) = (L::splat(0.0), L::splat(0.0));
            for sample in self.samples.clone() {
                for row in 0..input.size[0] {
                    let mut x = self.x.add(sample * input.len() + input.pixel(row, 0) + channel);
                    let mut at = sample * output.len() + output.pixel(row, 0) + channel;
                    for _ in 0..input.size[1] {
                        let mut gradient = load::<L>(self.gradient.add(at), count);
                        if let Some(slope) = self.slope {
                            gradient = gradient.leaky_gradient(load(self.y.add(at), count), slope);
                            if count == WIDTH {
                                gradient.store(self.gradient.add(at));
                            } else {
                                gradient.store_first(self.gradient.add(at), count);
                            }
                        }
                        let normal = (load::<L>(x, count) - mean) * rate;
                        along = gradient.mul_add(normal, along);
                        all = all + gradient;
                        x = x.wrapping_add(input.channels);
                        at += output.channels;
                    }
                }
            }
            along.store(self.sums[0].add(channel));
            all.store(self.sums[1].add(channel));
        }
    }
}

/// The first `count` values, followed by zeros.
#[inline(always)]
unsafe fn load<L: Lanes>(from: *const f32, count: usize) -> L {
    // SAFETY: guaranteed by the caller.
    unsafe { if count == WIDTH { L::load(from) } else { L::load_first(from, count) } }
}
