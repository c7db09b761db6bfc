//! The models of a server, with all that a form for their inputs needs.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::data::Column;
use crate::serve::model::Version;
use crate::serve::registry::{Registry, Served};
use crate::serve::tensorflow::{VersionState, VersionStatus, versions};

/// All models.
#[derive(Serialize, schemars::JsonSchema)]
pub struct Models {
    /// The models, by name.
    pub models: Vec<Model>,
}

/// A model.
#[derive(Serialize, schemars::JsonSchema)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// Its versions, the latest first.
    pub versions: Vec<ModelVersion>,
    /// The versions that labels stand for, by label.
    pub labels: BTreeMap<String, String>,
    /// Why its source cannot be read at the moment.
    pub problem: Option<String>,
}

/// A version of a model.
#[derive(Serialize, schemars::JsonSchema)]
pub struct ModelVersion {
    /// Its number.
    pub version: String,
    /// Whether it can predict.
    pub state: VersionState,
    /// Why it could not be loaded; empty otherwise.
    pub message: String,
    /// What it takes, if it is loaded.
    pub input: Option<ModelInput>,
    /// What it returns, if it is loaded.
    pub output: Option<ModelOutput>,
}

/// The input of a version.
#[derive(Serialize, schemars::JsonSchema)]
pub struct ModelInput {
    /// Its name.
    pub name: String,
    /// The shape of one sample: `[height, width, channels]` for images.
    pub shape: Vec<usize>,
    /// Whether samples are pixels, and the signatures `pixels` and `fractions` exist.
    pub pixels: bool,
    /// Whether a sample can be a PNG or JPEG file, for the signature `images`.
    pub pictures: bool,
    /// The columns by which an object names the values of a sample; empty unless the network was trained on a table with a
    /// header.
    pub columns: Vec<ModelColumn>,
}

/// A column of the table that a network was trained on.
#[derive(Serialize, schemars::JsonSchema)]
pub struct ModelColumn {
    /// Its name.
    pub name: String,
    /// The categories that it may hold; `null` if it holds numbers.
    pub categories: Option<Vec<String>>,
    /// Whether its value may be missing: `null`.
    pub optional: bool,
}

/// The output of a version.
#[derive(Serialize, schemars::JsonSchema)]
pub struct ModelOutput {
    /// Its name.
    pub name: String,
    /// The number of values per sample: one per class, or only one, for the second of two classes.
    pub size: usize,
    /// Whether its values are probabilities.
    pub probabilities: bool,
    /// The names of the classes, by index; empty if numbers are predicted.
    pub classes: Vec<String>,
}

/// The models in `registry`, as they are at this moment.
#[must_use]
pub fn models(registry: &Registry) -> Models {
    Models { models: registry.all().map(model).collect() }
}

fn model(served: &Served) -> Model {
    let state = served.state();
    let version = |(number, status): (u64, VersionStatus)| {
        let loaded = state.versions.iter().find(|version| version.number == number);
        let loaded = loaded.filter(|_| status.state == VersionState::Available);
        ModelVersion {
            version: status.version,
            state: status.state,
            message: status.status.error_message,
            input: loaded.map(|version| input(version)),
            output: loaded.map(|version| output(version)),
        }
    };
    Model {
        name: served.name.clone(),
        versions: versions(&state).into_iter().map(version).collect(),
        labels: served
            .config
            .labels
            .iter()
            .map(|(label, number)| (label.clone(), number.to_string()))
            .collect(),
        problem: state.source_problem.clone(),
    }
}

fn input(version: &Version) -> ModelInput {
    let signature = &version.signature;
    let column = |column: &Column| ModelColumn {
        name: column.name.clone(),
        categories: column.categories.clone(),
        optional: column.fill.is_some(),
    };
    ModelInput {
        name: signature.input.clone(),
        shape: signature.shape.clone(),
        pixels: signature.pixels,
        pictures: signature.pictures,
        columns: version.columns().iter().map(column).collect(),
    }
}

fn output(version: &Version) -> ModelOutput {
    let signature = &version.signature;
    ModelOutput {
        name: signature.output().to_owned(),
        size: signature.outputs,
        probabilities: signature.probabilities,
        classes: signature.classes.clone(),
    }
}
