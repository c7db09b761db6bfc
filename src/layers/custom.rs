//! A layer defined by user code: a program adds it to
//! [`ModelConfig::layers`](crate::experiment::ModelConfig::layers); a file cannot.
//!
//! ```
//! use taper::candle_core::{Result, Tensor, Var};
//! use taper::layers::custom::{self, CustomLayer};
//! use taper::network::Mode;
//! use taper::shape::Shape;
//!
//! /// y = x²
//! struct Square;
//!
//! impl CustomLayer for Square {
//!     fn name(&self) -> &'static str {
//!         "square"
//!     }
//!
//!     fn output(&self, input: &Shape) -> std::result::Result<Shape, String> {
//!         Ok(input.clone())
//!     }
//!
//!     fn forward(&self, x: &Tensor, _: &[Var], _: Mode) -> Result<Tensor> {
//!         x.sqr()
//!     }
//! }
//!
//! # fn main() -> taper::Result<()> {
//! let mut experiment = taper::experiment::Experiment::built_in("synthetic_mlp")?;
//! experiment.model.layers.insert(1, custom::Config::new(Square).into());
//! # Ok(())
//! # }
//! ```

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::LayerConfig;
use crate::config::Problems;
use crate::network::{Custom, Id, Net, Operation};

pub use crate::network::CustomLayer;

/// `custom`: a layer defined by user code. A file holds only its name and options.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    name: String,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    options: Value,
    /// `None` if it was read from a file.
    #[serde(skip)]
    code: Option<Code>,
}

#[derive(Clone)]
enum Code {
    Layer(Arc<dyn CustomLayer>),
    Composite(&'static str, Arc<dyn LayerConfig + Send + Sync>),
}

impl Config {
    /// A layer computed by `layer`.
    #[must_use]
    pub fn new(layer: impl CustomLayer + 'static) -> Self {
        let (name, options) = (layer.name().to_owned(), layer.options());
        Self { name, options, code: Some(Code::Layer(Arc::new(layer))) }
    }

    /// A layer called `name` that `layer` composes from existing operations; an engine runs it if it
    /// supports all of them. `options` are as in [`CustomLayer::options`].
    #[must_use]
    pub fn composite(
        name: &'static str,
        options: Value,
        layer: impl LayerConfig + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.to_owned(), options, code: Some(Code::Composite(name, Arc::new(layer))) }
    }

    /// The name of the layer's code, or `custom` if it was read from a file.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.code {
            Some(Code::Layer(layer)) => layer.name(),
            Some(Code::Composite(name, _)) => name,
            None => "custom",
        }
    }

    /// Takes the code of a layer of the same name in `given`, preferably one with the same options.
    pub(super) fn take_code(&mut self, given: &[&Self]) {
        let of_name = || given.iter().filter(|given| given.name == self.name);
        let given = of_name().find(|given| given.options == self.options).or_else(|| of_name().next());
        self.code = given.and_then(|given| given.code.clone());
    }

    /// Why a layer that was read from a file cannot be used.
    fn no_code(&self) -> String {
        let name: String = self.name.chars().take(100).collect();
        format!(
            "layer `{}` is defined in Rust code; load it from a program that defines it (`taper::Model::load_as`)",
            name.escape_debug()
        )
    }
}

impl LayerConfig for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        match &self.code {
            Some(Code::Composite(_, layer)) => layer.validate(problems),
            Some(Code::Layer(_)) => {}
            None => problems.report(self.no_code()),
        }
    }

    fn nodes(&self, input: Id, net: &mut Net) -> Result<Id, String> {
        let layer = match &self.code {
            Some(Code::Layer(layer)) => layer.clone(),
            Some(Code::Composite(_, layer)) => return layer.nodes(input, net),
            None => return Err(self.no_code()),
        };
        let shape = net.shape(input);
        let (output, parameters) = (layer.output(shape)?, layer.parameters(shape));
        let mut names = HashSet::new();
        if let Some(twice) = parameters.iter().find(|spec| !names.insert(&spec.name)) {
            return Err(format!("{}: two parameters are called `{}`", self.name, twice.name));
        }
        let flops = layer.flops(shape);
        net.add(Operation::Custom(Custom { layer, output, flops }), &[input], parameters)
    }
}

impl From<Config> for super::Config {
    fn from(layer: Config) -> Self {
        Self::custom(layer)
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "custom({} {})", self.name, self.options)
    }
}

impl PartialEq for Config {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.options) == (&other.name, &other.options)
    }
}
