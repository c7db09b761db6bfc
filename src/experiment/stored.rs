//! The config as stored in checkpoints and run folders.

use super::Experiment;
use crate::config::{self, Input};
use crate::{data, layers};

/// The schema of an experiment, which also accepts the stored form of custom layers and custom data.
pub(super) fn schema() -> serde_json::Value {
    let mut schema = config::schema::<Experiment>();
    for choice in ["/properties/data/oneOf", "/properties/model/properties/layers/items/oneOf"] {
        config::admit_custom(&mut schema, choice);
    }
    schema
}

impl Experiment {
    /// Loads and checks the config in a checkpoint.
    ///
    /// # Errors
    /// With a sentence on the first mistake.
    pub fn from_json(json: &serde_json::Value) -> Result<Self, String> {
        Self::from_json_with(json, None)
    }

    /// The same as [`from_json`](Self::from_json), with the code of custom layers and data taken from those of the
    /// same name in `given`. A custom layer without code is an error; custom data without code cannot be loaded.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json).
    pub fn from_json_with(json: &serde_json::Value, given: Option<&Self>) -> Result<Self, String> {
        let input = Input { name: ".json".to_owned(), text: json.to_string().into(), ..Input::default() };
        let take_code = |read: &mut Self| {
            let layers = given.map_or(&[][..], |given| &given.model.layers);
            layers::Config::take_code(&mut read.model.layers, layers);
            read.data.take_code(given.map(|given| &given.data));
        };
        Self::load_with(&input, take_code).map_err(|diagnostics| diagnostics.first().to_owned())
    }

    /// The data set in `input`, even if the rest of the config does not match it; `None` if it is ambiguous.
    pub(crate) fn data_of(input: &Input) -> Option<data::Config> {
        let written = config::parse(input, &schema()).ok()?;
        let mut kinds = written["data"].as_object()?.iter().filter(|(_, options)| !options.is_null());
        let (Some((kind, options)), None) = (kinds.next(), kinds.next()) else { return None };
        serde_json::from_value(serde_json::json!({ kind: options })).ok()
    }

    /// The resolved config as JSON, for a checkpoint.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    /// The resolved config as TOML, with comments that list the keys that are not set.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let json = self.to_json();
        let empty = serde_json::Map::new();
        config::to_toml(json.as_object().unwrap_or(&empty), &schema())
    }
}
