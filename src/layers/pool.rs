//! Options that max- and average-pooling share.

use serde::{Deserialize, Serialize};

use super::window::{Padding, Size, accepted, slide, windows};
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
    /// The shape of the output; `layer` is the name for the sentence that says why there is none.
    pub(super) fn output_shape(&self, layer: &str, input: &Shape) -> Result<Shape, String> {
        let (channels, window) = self.slide(layer, input)?;
        Ok(windows(channels, &window))
    }

    /// One operation for each value of each window.
    pub(super) fn flops(&self, input: &Shape) -> u64 {
        let (channels, window) = accepted(self.slide("", input));
        let each = (window.kernel[0] as u64).saturating_mul(window.kernel[1] as u64);
        each.saturating_mul((channels * window.positions()) as u64)
    }

    /// The windows of an input that was accepted before.
    pub(super) fn window(&self, input: &Shape) -> Window {
        accepted(self.slide("", input)).1
    }

    fn slide(&self, layer: &str, input: &Shape) -> Result<(usize, Window), String> {
        slide(layer, input, self.pool_size, self.strides.unwrap_or(self.pool_size), self.padding)
    }
}
