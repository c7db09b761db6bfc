//! The tiles of an image.

use std::ops::Range;

use super::transforms::{LARGE, SMALL};

/// The number of transformed values of a block of tiles. Together with the filters of two panels they stay in the L2 cache.
const BLOCK: usize = 40 * 1024;

/// The same for the gradient of the filters, whose sums every block visits.
const BLOCK_OF_WEIGHTS: usize = 80 * 1024;

/// A block has at least this number of tiles, which fill the largest register tile.
const TILES: usize = 12;

/// A block has a multiple of this number of tiles, the height of the smallest register tile with several
/// rows.
const ROWS: usize = 3;

/// The number of large tiles from which their products fill the registers.
const LARGE_TILES: usize = 9;

/// The outputs of an image in tiles. The last ones may reach beyond the image.
#[derive(Clone, Copy, Debug)]
pub struct Tiling {
    /// The pixels of a tile along each axis: [`SMALL`] or [`LARGE`].
    pub side: usize,
    /// The number of tiles along each axis.
    pub count: [usize; 2],
    /// The number of tiles that are transformed before their products are computed.
    pub block: usize,
}

impl Tiling {
    /// The tiles of `outputs` outputs, whose pixels have `channels` channels: large ones if they need at
    /// least a fifth fewer products, including those beyond the image, and if there are enough of them.
    #[must_use]
    pub fn new(outputs: [usize; 2], channels: usize) -> Self {
        let tiles = |side: usize| outputs.map(|len| len.div_ceil(side - 2)).iter().product::<usize>();
        let large = tiles(LARGE) >= LARGE_TILES
            && 5 * tiles(LARGE) * LARGE * LARGE <= 4 * tiles(SMALL) * SMALL * SMALL;
        Self::within(BLOCK, if large { LARGE } else { SMALL }, outputs, channels)
    }

    /// The tiles for the gradient of the filters.
    #[must_use]
    pub fn of_weight_gradient(outputs: [usize; 2], filters: usize, channels: usize) -> Self {
        Self::within(BLOCK_OF_WEIGHTS, SMALL, outputs, filters + channels)
    }

    /// Blocks of about the same size, of at most `limit` values where that is possible.
    fn within(limit: usize, side: usize, outputs: [usize; 2], values: usize) -> Self {
        let count = outputs.map(|len| len.div_ceil(side - 2));
        let tiles = count[0] * count[1];
        let most = (limit / (side * side * values)).max(TILES);
        let block = tiles.div_ceil(tiles.div_ceil(most).max(1)).next_multiple_of(ROWS);
        Self { side, count, block: block.min(tiles) }
    }

    /// The number of points of a transformed tile.
    #[must_use]
    pub fn points(&self) -> usize {
        self.side * self.side
    }

    /// The first and the end of each block of tiles, row by row.
    pub fn blocks(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let (tiles, block) = (self.count[0] * self.count[1], self.block);
        (0..tiles).step_by(block.max(1)).map(move |first| first..tiles.min(first + block))
    }

    /// The first row and column of the outputs of tile `tile`.
    #[must_use]
    pub fn first(&self, tile: usize) -> [usize; 2] {
        [tile / self.count[1] * (self.side - 2), tile % self.count[1] * (self.side - 2)]
    }
}
