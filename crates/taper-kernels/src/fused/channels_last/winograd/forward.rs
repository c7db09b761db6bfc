//! One image through all filters.

use super::super::Image;
use super::super::epilogue::Epilogue;
use super::input::TransformTiles;
use super::output::ToOutputs;
use super::product::Product;
use super::transforms::{LARGE, SMALL};
use super::{Pixels, Tiling};
use crate::simd::lanes::{Kernel, Lanes, WIDTH};

/// The number of panels of filters at a time.
const PANELS: usize = 2;

/// The work on one image. All pointers are to `f32` values in the layouts given for each field.
pub struct Forward<'a> {
    /// The tiles of the outputs.
    pub tiling: Tiling,
    /// The layouts of the image and of the outputs.
    pub input: &'a Image,
    pub outputs: &'a Image,
    /// The number of vectors of output channels.
    pub panels: usize,
    /// The image, with its border.
    pub image: *const f32,
    /// `[panels, points, channels, 16]`, from [`transform_filters`](Tiling::transform_filters).
    pub filters: *const f32,
    /// What follows.
    pub epilogue: Epilogue,
    /// The output image, with its border.
    pub output: *mut f32,
    /// `[windows, panels, 16]`: the index of the largest of the four pixels; null if outputs are not
    /// pooled.
    pub argmax: *mut u8,
    /// [`workspace_len`](Self::workspace_len) values.
    pub workspace: *mut f32,
}

impl Forward<'_> {
    /// The number of values that the work needs for itself: a block's transformed tiles, and its products.
    #[must_use]
    pub fn workspace_len(tiling: &Tiling, channels: usize) -> usize {
        tiling.points() * tiling.block * (channels + PANELS * WIDTH)
    }
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: guaranteed by the caller.
        unsafe {
            if self.tiling.side == LARGE {
                self.blocks::<L, LARGE, { LARGE - 2 }>();
            } else {
                self.blocks::<L, SMALL, { SMALL - 2 }>();
            }
        }
    }
}

impl Forward<'_> {
    /// All outputs, in tiles of `N` times `N` pixels and `M` times `M` outputs.
    #[inline(always)]
    unsafe fn blocks<L: Lanes, const N: usize, const M: usize>(&self) {
        for block in self.tiling.blocks() {
            let tiles = TransformTiles {
                tiling: self.tiling,
                block: block.clone(),
                pixels: Pixels::new(self.image, self.input),
                values: self.workspace,
            };
            // SAFETY: guaranteed by the caller.
            unsafe {
                tiles.pixels::<L, N>();
                let mut panel = 0;
                while panel < self.panels {
                    if const { L::TILE >= 24 } && panel + PANELS <= self.panels {
                        self.outputs_of::<L, N, M, 4, PANELS>(&tiles, panel);
                        panel += PANELS;
                    } else {
                        self.outputs_of::<L, N, M, 2, 1>(&tiles, panel);
                        panel += 1;
                    }
                }
            }
        }
    }

    /// The outputs of a block of tiles for `P` panels, `G` groups of three tiles at a time.
    #[inline(always)]
    unsafe fn outputs_of<L: Lanes, const N: usize, const M: usize, const G: usize, const P: usize>(
        &self,
        tiles: &TransformTiles,
        panel: usize,
    ) {
        let (rows, channels) = (tiles.block.len(), self.input.channels);
        // SAFETY: guaranteed by the caller; the products follow the transformed tiles.
        unsafe {
            let products = self.workspace.add(N * N * self.tiling.block * channels);
            for point in 0..N * N {
                let product = Product {
                    rows,
                    depth: channels,
                    a: self.workspace.add(point * rows * channels),
                    a_row: channels,
                    a_step: 1,
                    b: self.filters.add((panel * N * N + point) * channels * WIDTH),
                    b_step: WIDTH,
                    b_panel: N * N * channels * WIDTH,
                    out: products.add(point * rows * P * WIDTH),
                    out_row: P * WIDTH,
                    adds: false,
                };
                product.run::<L, G, 3, P>();
            }
            let outputs = ToOutputs {
                tiling: self.tiling,
                block: tiles.block.clone(),
                products,
                panel,
                panels: P,
                all_panels: self.panels,
                epilogue: self.epilogue,
                image: self.outputs,
                output: self.output,
                argmax: self.argmax,
            };
            outputs.run::<L, N, M>();
        }
    }
}
