//! The gradient of the filters from one image, in transformed form.

use super::super::Image;
use super::input::TransformTiles;
use super::product::Product;
use super::transforms::SMALL;
use super::{Pixels, Tiling};
use crate::simd::lanes::{Kernel, Lanes, WIDTH};

/// The work on one image. All pointers are to `f32` values in the layouts given for each field.
pub struct WeightGradient<'a> {
    /// The tiles of the outputs, before pooling.
    pub tiling: Tiling,
    /// The layouts of the image and of the gradient of the outputs, which has a border of zeros.
    pub input: &'a Image,
    pub gradients: &'a Image,
    /// The image, with its border.
    pub image: *const f32,
    /// The gradient of the first output.
    pub gradient: *const f32,
    /// `[16, channels, filters]`: the sums.
    pub sums: *mut f32,
    /// Whether to add to the sums that are there.
    pub adds: bool,
    /// [`workspace_len`](Self::workspace_len) values.
    pub workspace: *mut f32,
}

impl WeightGradient<'_> {
    /// The number of values that the work needs for itself: a block's transformed tiles, and their gradients.
    #[must_use]
    pub fn workspace_len(tiling: &Tiling, channels: usize, filters: usize) -> usize {
        tiling.points() * tiling.block * (channels + filters)
    }
}

impl Kernel for WeightGradient<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let (channels, filters) = (self.input.channels, self.gradients.channels);
        for block in self.tiling.blocks() {
            // SAFETY: guaranteed by the caller; the gradients follow the transformed tiles.
            unsafe {
                let adds = self.adds || block.start > 0;
                let gradients = TransformTiles {
                    tiling: self.tiling,
                    block: block.clone(),
                    pixels: Pixels::new(self.gradient, self.gradients),
                    values: self.workspace.add(SMALL * SMALL * self.tiling.block * channels),
                };
                let tiles = TransformTiles {
                    tiling: self.tiling,
                    block,
                    pixels: Pixels::new(self.image, self.input),
                    values: self.workspace,
                };
                tiles.pixels::<L, SMALL>();
                gradients.gradients::<L>();
                for point in 0..SMALL * SMALL {
                    let mut filter = 0;
                    while filter < filters {
                        let product = Product {
                            rows: channels,
                            depth: tiles.block.len(),
                            a: tiles.values.add(point * tiles.block.len() * channels),
                            a_row: 1,
                            a_step: channels,
                            b: gradients.values.add(point * tiles.block.len() * filters + filter),
                            b_step: filters,
                            b_panel: WIDTH,
                            out: self.sums.add(point * channels * filters + filter),
                            out_row: filters,
                            adds,
                        };
                        if const { L::TILE >= 24 } && filter + 2 * WIDTH <= filters {
                            product.run::<L, 2, 4, 2>();
                            filter += 2 * WIDTH;
                        } else {
                            product.run::<L, 1, 4, 1>();
                            filter += WIDTH;
                        }
                    }
                }
            }
        }
    }
}
