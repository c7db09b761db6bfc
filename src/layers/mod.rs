//! What a network is made of: one file per layer, written in `model.layers` as `{ NAME = { … } }`.
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
pub mod global_avg_pool2d;
pub mod layer_norm;
pub mod max_pool2d;
pub mod residual;

mod pool;
#[cfg(test)]
mod walk;
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
        activation, residual;
        custom
    }
}

/// A layer that a config can name.
pub trait LayerConfig {
    /// Reports what no schema can say about the options.
    fn validate(&self, _problems: &mut Problems<'_>) {}

    /// Adds what the layer computes from `input` to `net`, and returns the value that it gives.
    ///
    /// # Errors
    /// A sentence that says why the layer cannot follow such an input.
    fn nodes(&self, input: Id, net: &mut Net) -> Result<Id, String>;
}

impl Config {
    /// The layer alone, for an input of shape `input`.
    ///
    /// # Errors
    /// A sentence that says why it cannot follow such an input.
    pub fn plan(&self, input: &Shape) -> Result<Plan, String> {
        let mut net = Net::new(input.clone());
        sequence("layers", std::slice::from_ref(self), Id::INPUT, &mut net)?;
        Ok(net.finish())
    }
}

impl Config {
    /// The layers of user code in `layers`, also those within others.
    fn custom_in(layers: &[Self]) -> Vec<&custom::Config> {
        let each = layers.iter().map(|layer| match layer {
            Self::custom(own) => vec![own],
            Self::residual(block) => {
                [Self::custom_in(&block.layers), Self::custom_in(&block.shortcut)].concat()
            }
            _ => Vec::new(),
        });
        each.flatten().collect()
    }

    /// Gives `layers` that were read from a file the code of those of user code that are in `given`.
    pub fn take_code(layers: &mut [Self], given: &[Self]) {
        let code = Self::custom_in(given);
        for layer in layers {
            match layer {
                Self::custom(own) => own.take_code(&code),
                Self::residual(block) => {
                    Self::take_code(&mut block.layers, given);
                    Self::take_code(&mut block.shortcut, given);
                }
                _ => {}
            }
        }
    }
}

/// Adds `layers` to `net`, one after the other, and returns what the last one gives; `list` is their key
/// in the config.
///
/// # Errors
/// That of the layer where `net` is left.
pub fn sequence(list: &'static str, layers: &[Config], mut value: Id, net: &mut Net) -> Result<Id, String> {
    for (index, layer) in layers.iter().enumerate() {
        value = net.layer((list, index, layer.name()), |net| layer.member().nodes(value, net))?;
    }
    Ok(value)
}
