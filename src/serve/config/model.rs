//! `[serve.models.NAME]`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::data::input::Units;

/// The maximum number of versions of a model, for `keep` and `versions`.
pub const MOST_VERSIONS: usize = 100;

/// `[serve.models.NAME]`: a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// A run folder, a checkpoint folder, a `.safetensors` file written by taper, or a folder of versions, which are
    /// folders with numbers as names.
    pub source: PathBuf,
    /// Which checkpoint of a run folder is served.
    pub follow: Follow,
    /// The number of versions served at once: the latest ones of a folder of versions, or loaded ones of a run.
    #[schemars(range(min = 1, max = 100))]
    pub keep: usize,
    /// The numbers of the versions that are served, of a folder of versions; by default the latest ones.
    #[schemars(length(max = 100))]
    pub versions: Vec<u64>,
    /// The name of the input.
    pub input: String,
    /// What numbers mean to a network that was trained on pixels.
    pub units: Units,
    /// Versions by label, such as `stable = 1500`.
    pub labels: BTreeMap<String, u64>,
}

/// Which checkpoint of a run is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Follow {
    /// The best one, updated as training continues.
    #[default]
    Best,
    /// The latest one, updated as training continues.
    Latest,
    /// The one that was best when the server started.
    None,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            source: PathBuf::new(),
            follow: Follow::default(),
            keep: 1,
            versions: Vec::new(),
            input: "x".to_owned(),
            units: Units::default(),
            labels: BTreeMap::new(),
        }
    }
}

impl ModelConfig {
    /// The maximum number of versions that are served at once.
    #[must_use]
    pub fn most_versions(&self) -> usize {
        if self.versions.is_empty() { self.keep } else { self.versions.len() }
    }
}
