//! One image through all filters.

use super::super::Image;
use super::super::epilogue::Epilogue;
use super::input::TransformTiles;
use super::output::ToOutputs;
use super::product::Product;
use super::{POINTS, Pixels, Tiling};
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
    /// `[panels, 16, channels, 16]`, from [`TransformFilters`](super::TransformFilters).
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
        POINTS * tiling.block * (channels + PANELS * WIDTH)
    }
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        for block in self.tiling.blocks() {
            let tiles = TransformTiles {
                tiling: self.tiling,
                block: block.clone(),
                pixels: Pixels::new(self.image, self.input),
                values: self.workspace,
            };
            // SAFETY: guaranteed by the caller.
            unsafe {
                tiles.pixels::<L>();
                let mut panel = 0;
                while panel < self.panels {
                    if const { L::TILE >= 24 } && panel + PANELS <= self.panels {
                        self.outputs_of::<L, 4, 3, PANELS>(&tiles, panel);
                        panel += PANELS;
                    } else {
                        self.outputs_of::<L, 2, 3, 1>(&tiles, panel);
                        panel += 1;
                    }
                }
            }
        }
    }
}

impl Forward<'_> {
    /// The outputs of a block of tiles for `P` panels.
    #[inline(always)]
    unsafe fn outputs_of<L: Lanes, const G: usize, const R: usize, const P: usize>(
        &self,
        tiles: &TransformTiles,
        panel: usize,
    ) {
        let (rows, channels) = (tiles.block.len(), self.input.channels);
        // SAFETY: guaranteed by the caller; the products lie behind the transformed tiles.
        unsafe {
            let products = self.workspace.add(POINTS * self.tiling.block * channels);
            for point in 0..POINTS {
                let product = Product {
                    rows,
                    depth: channels,
                    a: self.workspace.add(point * rows * channels),
                    a_row: channels,
                    a_step: 1,
                    b: self.filters.add((panel * POINTS + point) * channels * WIDTH),
                    b_step: WIDTH,
                    b_panel: POINTS * channels * WIDTH,
                    out: products.add(point * rows * P * WIDTH),
                    out_row: P * WIDTH,
                    adds: false,
                };
                product.run::<L, G, R, P>();
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
            outputs.run::<L>();
        }
    }
}
