//! The config as checkpoints and run folders hold it.

use super::Experiment;
use crate::config::{self, Input};
use crate::{data, layers};

/// The schema of an experiment, which also accepts what a checkpoint says of layers and data of user code.
pub(super) fn schema() -> serde_json::Value {
    let mut schema = config::schema::<Experiment>();
    for choice in ["/properties/data/oneOf", "/properties/model/properties/layers/items/oneOf"] {
        config::admit_custom(&mut schema, choice);
    }
    schema
}

impl Experiment {
    /// The config that a checkpoint carries, checked like one that a user wrote.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn from_json(json: &serde_json::Value) -> Result<Self, String> {
        Self::from_json_with(json, None)
    }

    /// The same, where layers and the data set of user code are those of the same name in `given`. A layer
    /// without code is an error; a data set without code cannot be loaded.
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

    /// The data set that `input` names, whether or not the rest of the config goes with it; none where that is not
    /// clear.
    pub(crate) fn data_of(input: &Input) -> Option<data::Config> {
        let written = config::parse(input, &schema()).ok()?;
        let mut kinds = written["data"].as_object()?.iter().filter(|(_, options)| !options.is_null());
        let (Some((kind, options)), None) = (kinds.next(), kinds.next()) else { return None };
        serde_json::from_value(serde_json::json!({ kind: options })).ok()
    }

    /// The whole config as JSON, for a checkpoint.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    /// The whole config as TOML, defaults filled in, with comments that list the keys that are not set.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let json = self.to_json();
        let empty = serde_json::Map::new();
        config::written(json.as_object().unwrap_or(&empty), &schema())
    }
}
