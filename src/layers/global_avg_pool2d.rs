//! The mean of each channel (Lin, Chen and Yan, 2014).

use serde::{Deserialize, Serialize};

use super::LayerConfig;
use crate::network::{Id, Net, Operation};
use taper_kernels::window::Window;

/// `global_avg_pool2d`: the mean of each channel over the whole image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {}

impl LayerConfig for Config {
    fn nodes(&self, input: Id, net: &mut Net) -> Result<Id, String> {
        let shape = net.shape(input);
        let window = match shape.image() {
            Some([_, height, width]) => Window::valid([height, width], [height, width], [1, 1])
                .map_err(|_| format!("global_avg_pool2d: an image of {height} x {width} has no mean"))?,
            None => {
                return Err(format!(
                    "global_avg_pool2d needs images (channels x height x width), not {shape}"
                ));
            }
        };
        net.add(Operation::GlobalAverage(window), &[input], Vec::new())
    }
}
