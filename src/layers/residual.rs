//! A residual block (He et al., 2016): y = f(x) + x, or y = f(x) + g(x) with a shortcut g, then the activation.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{Activation, LayerConfig, sequence};
use crate::config::Problems;
use crate::network::{Id, Net, Operation};
use crate::ops::Unit;

/// `residual`: a block of layers whose output is added to its input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The layers of the block, in order.
    #[schemars(schema_with = "layers_of_the_block")]
    pub layers: Vec<super::Config>,
    /// Layers applied to the input before it is added, to match the shape of the block's output; none by
    /// default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "layers_of_the_shortcut")]
    pub shortcut: Vec<super::Config>,
    /// The share of training samples for which the layers are left out, so that the block returns the shortcut alone; the
    /// output of the layers is scaled up for the others (stochastic depth, Huang et al., 2016).
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub stochastic_depth: f64,
    /// The activation applied to the sum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(rate: &f64) -> bool {
    *rate == 0.0
}

/// A reference to the schema of `model.layers`, which contains this one: nested in itself it would be
/// infinite.
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
        let mut block = sequence("layers", &self.layers, input, net)?;
        if self.stochastic_depth > 0.0 {
            let (rate, layer) = (self.stochastic_depth, net.number());
            block = net.add(Operation::Dropout { rate, unit: Unit::Sample, layer }, &[block], Vec::new())?;
        }
        let shortcut = sequence("shortcut", &self.shortcut, input, net)?;
        let [ours, theirs] = [block, shortcut].map(|value| net.shape(value));
        if ours != theirs {
            let other = if self.shortcut.is_empty() { "input" } else { "shortcut" };
            return Err(format!(
                "residual: the layers give {ours}, but the {other} has {theirs}; change the layers or the shortcut so that both shapes match"
            ));
        }
        let sum = net.add(Operation::Add, &[block, shortcut], Vec::new())?;
        net.activate(sum, self.activation)
    }
}
