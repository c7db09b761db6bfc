//! Convolution with 3x3 filters and a stride of one pixel by Winograd's algorithm.
//!
//! Tiles of pixels and the filters are transformed so that a tile's outputs take fewer products for each pair of channels: in
//! F(2x2, 3x3) tiles of 4x4 pixels take 16 for 2x2 outputs instead of 36, in F(4x4, 3x3) tiles of 6x6 take 36 for 4x4 outputs
//! instead of 144. The transforms, sums of a few values, are shared by all filters and all tiles. Each point of the transformed
//! tiles is then a matrix product of its own. In F(2x2, 3x3), as the sums are a ninth as long, the results are no less exact
//! than those of the direct sum; in F(4x4, 3x3), whose transforms multiply by up to eight, errors are some four times as large.
//!
//! The gradient of the input is the same product with transposed filters. The gradient of the filters is the transpose of the
//! algorithm: products of the transformed tiles with the transformed gradients of their outputs, summed up before they are
//! transformed back. For it small tiles are as fast, and there are fewer sums.
//!
//! Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), <https://arxiv.org/abs/1509.09308>.

mod filters;
mod forward;
mod input;
mod output;
mod product;
mod tiling;
mod transforms;
mod weight_gradient;

pub use filters::ToFilters;
pub use forward::Forward;
pub use tiling::Tiling;
pub use weight_gradient::WeightGradient;

use super::{Image, padded};
use crate::simd::lanes::WIDTH;
use crate::window::Window;
use transforms::SMALL;

/// The maximum number of sums of the filters' gradient, which each block of tiles visits.
const SUMS: usize = 1 << 19;

/// Whether the algorithm applies, and pays off: it does for all 3x3 filters with a stride of one if the
/// transforms, which take as long as the products of about eight channels, are shared by enough of them.
#[must_use]
pub fn suits(window: &Window, filters: usize, channels: usize) -> bool {
    window.kernel == [3, 3] && window.stride == [1, 1] && filters >= WIDTH && channels >= WIDTH
}

/// Whether the gradient of the filters is computed in this way too, for padded numbers of channels.
#[must_use]
pub fn suits_weight_gradient(filters: usize, channels: usize) -> bool {
    SMALL * SMALL * filters * channels <= SUMS
}

/// The products for each pair of a filter and a channel that the outputs of an image take, the gradient of the image, and that of
/// the filters, directly or by Winograd's algorithm.
#[must_use]
pub fn products(window: &Window, filters: usize, channels: usize) -> [usize; 3] {
    let direct = window.positions() * window.kernel[0] * window.kernel[1];
    if !suits(window, filters, channels) {
        return [direct; 3];
    }
    let products = |tiling: Tiling| tiling.count[0] * tiling.count[1] * tiling.points();
    let weights = if suits_weight_gradient(padded(filters), padded(channels)) {
        products(Tiling::of_weight_gradient(window.output, filters, channels))
    } else {
        direct
    };
    let [forward, backward] = [Tiling::new(window.output, channels), Tiling::new(window.input, filters)];
    [products(forward), products(backward), weights]
}

/// An image in memory from which tiles are read, from its first pixel on, with the border.
#[derive(Clone, Copy, Debug)]
struct Pixels {
    values: *const f32,
    /// The number of rows and columns in memory.
    size: [usize; 2],
    row: usize,
    channels: usize,
}

impl Pixels {
    fn new(values: *const f32, image: &Image) -> Self {
        let size = [0, 1].map(|axis| image.before[axis] + image.size[axis] + image.after[axis]);
        Self { values, size, row: image.row(), channels: image.channels }
    }
}
