//! Convolution with 3x3 filters and a stride of one pixel by Winograd's algorithm F(2x2, 3x3).
//!
//! Tiles of 4x4 pixels and the filters are transformed so that a tile's 2x2 outputs take 16 products for each pair of channels
//! instead of 36. The transforms, sums and differences of a few values, are shared by all filters and all tiles. Each of the
//! sixteen points of the transformed tiles is then a matrix product of its own. As the sums are a ninth as long, the results
//! are no less exact than those of the direct sum.
//!
//! The gradient of the input is the same product with transposed filters. The gradient of the filters is the transpose of the
//! algorithm: products of the transformed tiles with the transformed gradients of their outputs, summed up before they are
//! transformed back.
//!
//! Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), <https://arxiv.org/abs/1509.09308>.

mod filters;
mod forward;
mod input;
mod output;
mod product;
mod weight_gradient;

pub use filters::{ToFilters, TransformFilters};
pub use forward::Forward;
pub use weight_gradient::WeightGradient;

use std::ops::Range;

use super::Image;
use crate::simd::lanes::WIDTH;
use crate::window::Window;

/// The number of points of a transformed tile.
pub const POINTS: usize = 16;

/// The number of transformed values of a block of tiles. Together with the filters of two panels they stay in the L2 cache.
const BLOCK: usize = 40 * 1024;

/// The same for the gradient of the filters, whose sums every block visits.
const BLOCK_OF_WEIGHTS: usize = 80 * 1024;

/// A block has this number of tiles, which fill the largest register tile, or a multiple.
const TILES: usize = 12;

/// The largest number of sums of the filters' gradient, which each block of tiles visits.
const SUMS: usize = 1 << 19;

/// Whether the algorithm applies, and pays: it does for all 3x3 filters with a stride of one if the transforms, which take as long
/// as the products of about eight channels, are shared by enough of them.
#[must_use]
pub fn suits(window: &Window, filters: usize, channels: usize) -> bool {
    window.kernel == [3, 3] && window.stride == [1, 1] && filters >= WIDTH && channels >= WIDTH
}

/// Whether the gradient of the filters is computed in this way too, for padded numbers of channels.
#[must_use]
pub fn suits_weight_gradient(filters: usize, channels: usize) -> bool {
    POINTS * filters * channels <= SUMS
}

/// The outputs of an image in tiles of 2x2. The last ones of a side of odd length reach beyond the image.
#[derive(Clone, Copy, Debug)]
pub struct Tiling {
    /// The number of tiles along each axis.
    pub count: [usize; 2],
    /// The number of tiles that are transformed before their products are computed.
    pub block: usize,
}

impl Tiling {
    /// The tiles of `outputs` outputs, whose pixels have `channels` channels.
    #[must_use]
    pub fn new(outputs: [usize; 2], channels: usize) -> Self {
        Self::within(BLOCK, outputs, channels)
    }

    /// The tiles for the gradient of the filters.
    #[must_use]
    pub fn of_weight_gradient(outputs: [usize; 2], filters: usize, channels: usize) -> Self {
        Self::within(BLOCK_OF_WEIGHTS, outputs, filters + channels)
    }

    /// Blocks of about the same size, of at most `limit` values where that is possible.
    fn within(limit: usize, outputs: [usize; 2], values: usize) -> Self {
        let count = outputs.map(|side| side.div_ceil(2));
        let tiles = count[0] * count[1];
        let most = (limit / (POINTS * values)).max(TILES);
        let block = tiles.div_ceil(tiles.div_ceil(most).max(1)).next_multiple_of(TILES);
        Self { count, block: block.min(tiles) }
    }

    /// The first and the end of each block of tiles, row by row.
    fn blocks(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let (tiles, block) = (self.count[0] * self.count[1], self.block);
        (0..tiles).step_by(block.max(1)).map(move |first| first..tiles.min(first + block))
    }

    /// The first row and column of the outputs of tile `tile`.
    fn first(&self, tile: usize) -> [usize; 2] {
        [tile / self.count[1] * 2, tile % self.count[1] * 2]
    }
}

/// An image in memory whose pixels tiles are read from: from its first one on, with the border.
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
