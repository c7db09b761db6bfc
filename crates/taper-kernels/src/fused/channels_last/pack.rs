//! Converts filters between PyTorch's order `[filters, channels, height, width]` and the orders in which
//! the products read and write them: sixteen filters, or channels, in a vector. Blocks of sixteen by
//! sixteen values are transposed at once.

use crate::simd::lanes::{Kernel, Lanes, WIDTH, array};

/// The sizes of a convolution's filters.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_field_names, reason = "the number is listed next to the sizes")]
pub struct Filters {
    /// Output channels.
    pub filters: usize,
    /// Input channels.
    pub channels: usize,
    /// Height times width.
    pub plane: usize,
}

impl Filters {
    /// The number of weights of one filter.
    #[must_use]
    pub fn size(&self) -> usize {
        self.channels * self.plane
    }
}

/// Packs one panel of sixteen filters as `[taps, 16]`, where taps are height, width and `stride` channels.
pub struct Pack {
    /// The sizes.
    pub sizes: Filters,
    /// Channels of a tap in memory.
    pub stride: usize,
    /// The index of the panel.
    pub panel: usize,
    /// All filters, in PyTorch's order.
    pub weight: *const f32,
    /// The panel, which must be zero in the padding.
    pub packed: *mut f32,
}

impl Kernel for Pack {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Filters { filters, plane, .. } = self.sizes;
        let (size, first) = (self.sizes.size(), self.panel * WIDTH);
        let rows = WIDTH.min(filters - first);
        for start in (0..size).step_by(WIDTH) {
            let count = WIDTH.min(size - start);
            // SAFETY: the caller guarantees filters of these sizes, and a panel for all taps.
            unsafe {
                let zero = L::splat(0.0);
                let from = self.weight.add(first * size + start);
                let transposed = L::transpose(array!([zero; 16] i => if i < rows {
                    L::load_first(from.add(i * size), count)
                } else {
                    zero
                }));
                for i in 0..WIDTH {
                    if i < count {
                        let (channel, pixel) = ((start + i) / plane, (start + i) % plane);
                        transposed[i].store(self.packed.add((pixel * self.stride + channel) * WIDTH));
                    }
                }
            }
        }
    }
}

/// The place of a tap in the packed filters of the gradient of the input, in vectors.
#[derive(Clone, Copy, Default)]
pub struct TransposedTap {
    /// Its first output channel in the first panel.
    pub start: usize,
    /// The step to the next panel.
    pub panel: usize,
}

/// Packs the filters with inputs and outputs exchanged, for the gradient of the input: one panel of sixteen input channels, each
/// tap with all output channels at its place.
pub struct PackTransposed<'a> {
    /// The sizes.
    pub sizes: Filters,
    /// The place of each tap.
    pub places: &'a [TransposedTap],
    /// The index of the panel.
    pub panel: usize,
    /// All filters, in PyTorch's order.
    pub weight: *const f32,
    /// All packed filters, which must be zero in the padding.
    pub packed: *mut f32,
}

impl Kernel for PackTransposed<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Filters { filters, channels, plane } = self.sizes;
        let first = self.panel * WIDTH;
        let rows = WIDTH.min(channels - first);
        for filter in 0..filters {
            for start in (0..plane).step_by(WIDTH) {
                let count = WIDTH.min(plane - start);
                // SAFETY: the caller guarantees filters of these sizes, and places for all taps.
                unsafe {
                    let zero = L::splat(0.0);
                    let from = self.weight.add((filter * channels + first) * plane + start);
                    let transposed = L::transpose(array!([zero; 16] i => if i < rows {
                        L::load_first(from.add(i * plane), count)
                    } else {
                        zero
                    }));
                    for i in 0..WIDTH {
                        if i < count {
                            let place = self.places[start + i];
                            let at = place.start + self.panel * place.panel + filter;
                            transposed[i].store(self.packed.add(at * WIDTH));
                        }
                    }
                }
            }
        }
    }
}

/// The inverse of [`Pack`]: unpacks the sums `[taps, row]` into the gradients of one panel of filters.
pub struct Unpack {
    /// The sizes.
    pub sizes: Filters,
    /// Channels of a tap in memory.
    pub stride: usize,
    /// The index of the panel.
    pub panel: usize,
    /// `[taps, row]`.
    pub sums: *const f32,
    /// Output channels of a tap in memory.
    pub row: usize,
    /// The gradients of all filters, in PyTorch's order.
    pub gradient: *mut f32,
}

impl Kernel for Unpack {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Filters { filters, plane, .. } = self.sizes;
        let (size, first) = (self.sizes.size(), self.panel * WIDTH);
        let rows = WIDTH.min(filters - first);
        for start in (0..size).step_by(WIDTH) {
            let count = WIDTH.min(size - start);
            // SAFETY: the caller guarantees filters of these sizes, and sums for all taps.
            unsafe {
                let zero = L::splat(0.0);
                let from = self.sums.add(first);
                let transposed = L::transpose(array!([zero; 16] i => if i < count {
                    L::load(from.add(((start + i) % plane * self.stride + (start + i) / plane) * self.row))
                } else {
                    zero
                }));
                let to = self.gradient.add(first * size + start);
                for i in 0..WIDTH {
                    if i < rows {
                        transposed[i].store_first(to.add(i * size), count);
                    }
                }
            }
        }
    }
}
