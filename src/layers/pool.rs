//! Options shared by max- and average-pooling.

use serde::{Deserialize, Serialize};

use super::window::{Padding, Size, slide};
use crate::shape::Shape;
use taper_kernels::window::Window;

/// The windows to pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Pool {
    /// The size of each window in pixels: one number, or `[height, width]`.
    pub pool_size: Size,
    /// The step from one window to the next: one number, or `[height, width]`; defaults to `pool_size`.
    pub strides: Option<Size>,
    /// How the edge of the image is handled. As in Keras, padding is never the maximum and is excluded from
    /// the mean.
    pub padding: Padding,
}

impl Default for Pool {
    fn default() -> Self {
        Self { pool_size: Size::Square(2), strides: None, padding: Padding::Valid }
    }
}

impl Pool {
    /// The windows of an input; `layer` is the layer's name for the error message.
    pub(super) fn window(&self, layer: &str, input: &Shape) -> Result<Window, String> {
        let strides = self.strides.unwrap_or(self.pool_size);
        Ok(slide(layer, input, self.pool_size, strides, self.padding)?.1)
    }
}
