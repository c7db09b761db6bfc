//! Options that max- and average-pooling share.

use serde::{Deserialize, Serialize};

use super::window::{Padding, Size, slide};
use crate::shape::Shape;
use taper_kernels::window::Window;

/// Which windows are pooled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Pool {
    /// The size of each window in pixels: one number, or `[height, width]`.
    pub pool_size: Size,
    /// The step from one window to the next: one number, or `[height, width]`; `pool_size` if not
    /// given.
    pub strides: Option<Size>,
    /// What happens at the edge of the image. Padding is never the largest value and does not count
    /// towards a mean, as in Keras.
    pub padding: Padding,
}

impl Default for Pool {
    fn default() -> Self {
        Self { pool_size: Size::Square(2), strides: None, padding: Padding::Valid }
    }
}

impl Pool {
    /// The windows of an input; `layer` is the name for the sentence that says why there are none.
    pub(super) fn window(&self, layer: &str, input: &Shape) -> Result<Window, String> {
        let strides = self.strides.unwrap_or(self.pool_size);
        Ok(slide(layer, input, self.pool_size, strides, self.padding)?.1)
    }
}
