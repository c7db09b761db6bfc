//! From the gradient of a convolution's finished output back to that of its plain sums: through
//! max-pooling and the activation, spread out for the products that follow.

use crate::simd::lanes::{Kernel, Lanes, WIDTH};

/// The work on one image. All pointers are to `f32` values of the layouts that the fields say.
#[allow(clippy::struct_field_names, reason = "delta is the notation for the gradient of the sums")]
pub struct Delta {
    /// Output pixels, after pooling.
    pub size: [usize; 2],
    /// Output channels in vectors.
    pub panels: usize,
    /// The gradient of the output, its first pixel.
    pub gradient: *const f32,
    /// The output itself, its first pixel.
    pub output: *const f32,
    /// From one row to the next, in both.
    pub row: usize,
    /// What negative outputs were multiplied with, if anything.
    pub slope: Option<f32>,
    /// As from [`Forward`](super::Forward), or null without pooling.
    pub argmax: *const u8,
    /// The gradient of the sums, its first pixel.
    pub delta: *mut f32,
    /// From one sum's row, and from one column, to the next.
    pub delta_steps: [usize; 2],
    /// `[panels, 16]`, to which the gradients of all pixels are added: the bias's.
    pub sums: *mut f32,
}

impl Kernel for Delta {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let channels = self.panels * WIDTH;
        for panel in 0..self.panels {
            // SAFETY: the caller promises that the layouts are as the fields say.
            unsafe {
                let mut sum = L::load(self.sums.add(panel * WIDTH));
                for y in 0..self.size[0] {
                    for x in 0..self.size[1] {
                        let at = y * self.row + x * channels + panel * WIDTH;
                        let mut gradient = L::load(self.gradient.add(at));
                        if let Some(slope) = self.slope {
                            gradient = gradient.leaky_gradient(L::load(self.output.add(at)), slope);
                        }
                        sum = sum + gradient;
                        let [down, right] = self.delta_steps;
                        if self.argmax.is_null() {
                            gradient.store(self.delta.add(y * down + x * right + panel * WIDTH));
                        } else {
                            let window = (y * self.size[1] + x) * self.panels + panel;
                            let argmax = L::load_bytes(self.argmax.add(window * WIDTH));
                            let to = self.delta.add(2 * y * down + 2 * x * right + panel * WIDTH);
                            let offsets = [0, right, down, down + right];
                            for i in 0..4 {
                                let won = argmax.eq(argmax.splat_like(i as f32));
                                gradient.select(won, gradient.splat_like(0.0)).store(to.add(offsets[i]));
                            }
                        }
                    }
                }
                sum.store(self.sums.add(panel * WIDTH));
            }
        }
    }
}
