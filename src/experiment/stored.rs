//! The config as checkpoints and run folders hold it.

use super::Experiment;
use crate::config::Input;
use crate::layers;

impl Experiment {
    /// The config that a checkpoint carries, checked like one that a user wrote.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn from_json(json: &serde_json::Value) -> Result<Self, String> {
        Self::from_json_with(json, &[])
    }

    /// The same, where layers of user code are those of the same name in `given`.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json).
    pub fn from_json_with(json: &serde_json::Value, given: &[layers::Config]) -> Result<Self, String> {
        let input = Input { name: ".json".to_owned(), text: json.to_string().into(), ..Input::default() };
        Self::load_with(&input, given).map_err(|diagnostics| diagnostics.first().to_owned())
    }

    /// The whole config as JSON, for a checkpoint.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    /// The whole config as TOML, defaults filled in.
    ///
    /// # Errors
    /// If a value cannot be written, which a checked config has none of.
    pub fn to_toml(&self) -> crate::Result<String> {
        toml::to_string(self)
            .map_err(|error| crate::Error::Usage(format!("the config cannot be written: {error}")))
    }
}
