//! The same layers several times in a row, each copy with its own weights.
//!
//! Parameters are named by the number of the copy and the index of the layer in it, as in `layers.7.0.2.weight`: a PyTorch
//! `ModuleList` of `Sequential`s has the same names.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{LayerConfig, sequence};
use crate::config::Problems;
use crate::network::{Id, Net};

/// `repeat`: the same layers several times in a row, each copy with its own weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The number of copies.
    #[schemars(range(min = 1, max = 1_000))]
    pub times: usize,
    /// The layers of a copy, in order.
    #[schemars(schema_with = "layers_of_a_copy")]
    pub layers: Vec<super::Config>,
}

/// A reference to the schema of `model.layers`, which contains this one: nested in itself it would be
/// infinite.
fn layers_of_a_copy(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": { "$ref": "#/properties/model/properties/layers/items" },
        "minItems": 1,
        "maxItems": 10_000,
    })
}

impl LayerConfig for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        for (i, layer) in self.layers.iter().enumerate() {
            layer.member().validate(&mut problems.key("layers").index(i).key(layer.name()));
        }
    }

    fn nodes(&self, input: Id, net: &mut Net) -> Result<Id, String> {
        (0..self.times)
            .try_fold(input, |value, copy| net.copy(copy, |net| sequence("layers", &self.layers, value, net)))
    }
}
