//! Describes the weights in a file: the config and the data of their training.
//!
//! The card is the metadata of `model.safetensors`, so that this file alone suffices for evaluation.

use serde::{Deserialize, Serialize};

use crate::data::{Columns, Dataset, Features, Normalize, Scaling, Target, Targets};
use crate::shape::Shape;

/// The number of classes that a message names.
const SHOWN: usize = 10;

/// The metadata of `model.safetensors`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The version of the metadata.
    pub format: u32,
    /// The version of taper that wrote it.
    pub taper: String,
    /// The whole config with defaults filled in; as JSON, because this module does not depend on the
    /// sections.
    pub experiment: serde_json::Value,
    /// The shape of one sample.
    pub sample_shape: Shape,
    /// Whether samples are pixels, which are divided by 255 before `normalize`.
    pub pixels: bool,
    /// The mean and the standard deviation for normalizing samples, given or measured.
    #[serde(default)]
    pub normalize: Option<Normalize>,
    /// The mean and the standard deviation of each number to predict, if targets were standardized.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<Normalize>,
    /// The columns of the table whose rows are the samples, if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Columns>,
    /// The names of the classes, by index; empty if numbers are predicted.
    pub classes: Vec<String>,
    /// The number of values predicted per sample; 0 for classes.
    pub width: usize,
}

impl Card {
    /// Describes weights that `experiment` trains on `data`, without normalization.
    #[must_use]
    pub fn new(experiment: serde_json::Value, data: &Dataset) -> Self {
        let (classes, width) = match &data.targets {
            Targets::Classes { names, .. } => (names.clone(), 0),
            Targets::Values { width, .. } => (Vec::new(), *width),
        };
        Self {
            format: super::manifest::FORMAT,
            taper: env!("CARGO_PKG_VERSION").to_owned(),
            experiment,
            sample_shape: data.sample_shape.clone(),
            pixels: matches!(data.features.buffer(), Features::Bytes(_)),
            normalize: None,
            targets: None,
            columns: None,
            classes,
            width,
        }
    }

    /// What is predicted.
    #[must_use]
    pub fn target(&self) -> Target {
        match self.classes.len() {
            0 => Target::Value { width: self.width },
            classes => Target::Class { classes },
        }
    }

    /// The scaling of features to the network's input, and of its output back to targets.
    #[must_use]
    pub fn scaling(&self, features: &Features) -> Scaling {
        Scaling::new(features, self.normalize.as_ref()).with_targets(self.targets.clone())
    }

    /// How the samples or targets of `data` differ from those that the weights were trained for, if they do.
    #[must_use]
    pub fn misfit(&self, data: &Dataset) -> Option<String> {
        let other = Self::new(serde_json::Value::Null, data);
        let unit = |card: &Self| if card.pixels { "pixels" } else { "numbers" };
        let targets = |card: &Self| match card.classes.as_slice() {
            [] => format!("{} numbers to predict", card.width),
            few if few.len() <= SHOWN => format!("the classes {}", few.join(", ")),
            many => format!("{} classes ({}, …)", many.len(), many[..SHOWN].join(", ")),
        };
        let (found, trained) = if other.sample_shape != self.sample_shape {
            (format!("samples of shape {}", other.sample_shape), format!("shape {}", self.sample_shape))
        } else if other.pixels != self.pixels {
            (format!("samples of {}", unit(&other)), unit(self).to_owned())
        } else if (&other.classes, other.width) != (&self.classes, self.width) {
            (targets(&other), targets(self))
        } else {
            return None;
        };
        Some(format!("has {found}, but the checkpoint was trained for {trained}"))
    }
}
