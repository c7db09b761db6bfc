//! Layers: one file per layer, written in `model.layers` as `{ NAME = { … } }`.
//!
//! ```
//! let layer = r#"{ "conv2d": { "filters": 32, "kernel_size": 3 } }"#;
//! let layer: taper::layers::Config = serde_json::from_str(layer)?;
//! let plan = layer.plan(&[1, 28, 28].into())?;
//! assert_eq!((plan.output(), plan.parameters()), (&[32, 26, 26].into(), 32 * 9 + 32));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod activation;
pub mod avg_pool2d;
pub mod batch_norm;
pub mod conv2d;
pub mod custom;
pub mod dense;
pub mod dropout;
pub mod flatten;
pub mod gaussian_noise;
pub mod global_avg_pool2d;
pub mod layer_norm;
pub mod max_pool2d;
pub mod repeat;
pub mod residual;
pub mod spatial_dropout;

mod pool;
#[cfg(test)]
mod properties;
mod window;

pub use crate::network::Mode;
pub use crate::ops::Activation;
pub use pool::Pool;
pub use window::{Padding, Size};

use crate::config::{Problems, registry};
use crate::network::{Id, Net, Plan};
use crate::shape::Shape;

registry! {
    /// One element of `model.layers`.
    Config: LayerConfig {
        dense, conv2d, max_pool2d, avg_pool2d, global_avg_pool2d, flatten, dropout, batch_norm, layer_norm,
        activation, residual, repeat, spatial_dropout, gaussian_noise;
        custom
    }
}

/// The config of a layer.
pub trait LayerConfig {
    /// Reports problems with the options that the schema cannot express.
    fn validate(&self, _problems: &mut Problems<'_>) {}

    /// Adds the layer's computation on `input` to `net` and returns its output.
    ///
    /// # Errors
    /// A message that says why the layer does not support this input.
    fn nodes(&self, input: Id, net: &mut Net) -> Result<Id, String>;
}

impl Config {
    /// The plan of this layer alone, for an input of shape `input`.
    ///
    /// # Errors
    /// A message that says why the layer does not support this input.
    pub fn plan(&self, input: &Shape) -> Result<Plan, String> {
        let mut net = Net::new(input.clone());
        sequence("layers", std::slice::from_ref(self), Id::INPUT, &mut net)?;
        Ok(net.finish())
    }
}

impl Config {
    /// The custom layers in `layers`, including nested ones.
    fn custom_in(layers: &[Self]) -> Vec<&custom::Config> {
        let each = layers.iter().map(|layer| match layer {
            Self::custom(own) => vec![own],
            Self::residual(block) => {
                [Self::custom_in(&block.layers), Self::custom_in(&block.shortcut)].concat()
            }
            Self::repeat(repeat) => Self::custom_in(&repeat.layers),
            _ => Vec::new(),
        });
        each.flatten().collect()
    }

    /// Fills in the code of the custom layers in `layers`, which were read from a file, from those in
    /// `given`.
    pub fn take_code(layers: &mut [Self], given: &[Self]) {
        let code = Self::custom_in(given);
        for layer in layers {
            match layer {
                Self::custom(own) => own.take_code(&code),
                Self::residual(block) => {
                    Self::take_code(&mut block.layers, given);
                    Self::take_code(&mut block.shortcut, given);
                }
                Self::repeat(repeat) => Self::take_code(&mut repeat.layers, given),
                _ => {}
            }
        }
    }
}

/// Adds `layers` to `net` in sequence and returns the output of the last one; `list` is their key in the
/// config.
///
/// # Errors
/// The error of the layer at which `net` stopped.
pub fn sequence(list: &'static str, layers: &[Config], mut value: Id, net: &mut Net) -> Result<Id, String> {
    for (index, layer) in layers.iter().enumerate() {
        value = net.layer((list, index, layer.name()), |net| layer.member().nodes(value, net))?;
    }
    Ok(value)
}
