//! From the gradient of a convolution's output back to the gradient of its pre-activations: through
//! max-pooling and the activation.

use super::epilogue::{pooled_gradient, pooled_index};
use crate::simd::lanes::{Kernel, Lanes, WIDTH};

/// The work on one image. All pointers are to `f32` values in the layouts given for each field.
#[allow(clippy::struct_field_names, reason = "delta is the notation for the gradient of the pre-activations")]
pub struct Delta {
    /// Output pixels, after pooling.
    pub size: [usize; 2],
    /// The number of vectors of output channels.
    pub panels: usize,
    /// The first pixel of the output's gradient.
    pub gradient: *const f32,
    /// The first pixel of the output; not read with pooling.
    pub output: *const f32,
    /// The row stride of both.
    pub row: usize,
    /// The activation's slope below 0 (0 for `relu`); `None` without an activation.
    pub slope: Option<f32>,
    /// The indices written by [`Forward`](super::Forward), or null without pooling.
    pub argmax: *const u8,
    /// The first pixel of the gradient of the pre-activations.
    pub delta: *mut f32,
    /// Its row and column strides.
    pub delta_steps: [usize; 2],
    /// `[panels, 16]`, to which the gradients of all pixels are added: the gradient of the bias.
    pub sums: *mut f32,
}

impl Kernel for Delta {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let channels = self.panels * WIDTH;
        for panel in 0..self.panels {
            // SAFETY: the caller guarantees the layouts given for the fields.
            unsafe {
                let mut sum = L::load(self.sums.add(panel * WIDTH));
                for y in 0..self.size[0] {
                    for x in 0..self.size[1] {
                        let at = y * self.row + x * channels + panel * WIDTH;
                        let mut gradient = L::load(self.gradient.add(at));
                        let [down, right] = self.delta_steps;
                        if self.argmax.is_null() {
                            if let Some(slope) = self.slope {
                                gradient = gradient.leaky_gradient(L::load(self.output.add(at)), slope);
                            }
                            sum = sum + gradient;
                            gradient.store(self.delta.add(y * down + x * right + panel * WIDTH));
                        } else {
                            let window = (y * self.size[1] + x) * self.panels + panel;
                            let choice = L::load_bytes(self.argmax.add(window * WIDTH));
                            gradient = pooled_gradient(gradient, choice, self.slope);
                            sum = sum + gradient;
                            let index = pooled_index(choice);
                            let to = self.delta.add(2 * y * down + 2 * x * right + panel * WIDTH);
                            let offsets = [0, right, down, down + right];
                            for i in 0..4 {
                                let won = index.eq(index.splat_like(i as f32));
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
