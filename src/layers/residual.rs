//! A residual block (He et al., 2016): y = f(x) + x, or y = f(x) + g(x) with a shortcut g.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{LayerConfig, sequence};
use crate::config::Problems;
use crate::network::{Id, Net, Operation};

/// `residual`: a block of layers whose output is added to its input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The layers of the block, one after the other.
    #[schemars(schema_with = "layers_of_the_block")]
    pub layers: Vec<super::Config>,
    /// Layers that the input goes through before it is added, to give it the shape of the block's output;
    /// none if not given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "layers_of_the_shortcut")]
    pub shortcut: Vec<super::Config>,
}

/// Like `model.layers`, which this is within: a schema that held itself would have no end.
fn layers_of_the_block(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": { "$ref": "#/properties/model/properties/layers/items" },
        "minItems": 1,
        "maxItems": 10_000,
    })
}

fn layers_of_the_shortcut(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": { "$ref": "#/properties/model/properties/layers/items" },
        "maxItems": 10_000,
        "default": [],
    })
}

impl LayerConfig for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        for (list, layers) in [("layers", &self.layers), ("shortcut", &self.shortcut)] {
            for (i, layer) in layers.iter().enumerate() {
                layer.member().validate(&mut problems.key(list).index(i).key(layer.name()));
            }
        }
    }

    fn nodes(&self, input: Id, net: &mut Net) -> Result<Id, String> {
        let block = sequence("layers", &self.layers, input, net)?;
        let shortcut = sequence("shortcut", &self.shortcut, input, net)?;
        let [ours, theirs] = [block, shortcut].map(|value| net.shape(value));
        if ours != theirs {
            let other = if self.shortcut.is_empty() { "input" } else { "shortcut" };
            return Err(format!(
                "residual: the block gives {ours} and its {other} {theirs}, which cannot be added; give it layers or a shortcut that end in the same shape"
            ));
        }
        net.add(Operation::Add, &[block, shortcut], Vec::new())
    }
}
