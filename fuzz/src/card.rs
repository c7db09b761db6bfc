//! The metadata of a lone weights file: the config and the data it was trained for.

use std::path::Path;

use taper::internals::checkpoint::{Checkpoint, weights};
use taper::data::Target;
use taper::run::config_of;

use super::properties::check_error;

/// Opens a weights file with the bytes as its metadata.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let model = weights::to_bytes(&[], 0, text).expect("any text can be written");
    let place = Path::new("model.safetensors");
    assert_eq!(weights::metadata(&model, place).expect("it was just written"), text);
    match Checkpoint::from_weights(place, model) {
        Err(error) => check_error(&error),
        Ok(checkpoint) => {
            let card = &checkpoint.card;
            assert!(card.sample_shape.elements().is_some_and(|values| values > 0), "{:?}", card.sample_shape);
            if let Target::Class { classes } = card.target() {
                assert!(classes > 0, "no class");
            }
            if let Err(error) = config_of(&checkpoint) {
                check_error(&error);
            }
        }
    }
}
