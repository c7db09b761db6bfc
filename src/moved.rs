//! Config keys that have moved, with their old and new places.
//!
//! A config that uses one is explained; `taper config init --from` rewrites it; the config of an old
//! checkpoint is updated when it is read ([`migrate`]).
//!
//! ```
//! use serde_json::json;
//!
//! let mut config = json!({ "data": { "digits": { "validation_split": 0.2 } } });
//! taper::internals::moved::migrate(&mut config);
//! assert_eq!(config["split"]["validation"], 0.2);
//! ```

use serde_json::{Map, Value};

use crate::config::Moved;

#[cfg(feature = "cli")]
mod rewrite;

#[cfg(feature = "cli")]
pub use rewrite::rewrite;

/// Every key that has moved since format 1.
pub const MOVED: [Moved; 2] = [
    Moved { from: ["data", "*", "validation_split"], to: ["split", "validation"] },
    Moved { from: ["data", "*", "normalize"], to: ["preprocess", "normalize"] },
];

/// Moves the values of an old config to their new places. Existing values there are kept.
pub fn migrate(config: &mut Value) {
    for Moved { from: [section, _, key], to: [new_section, new_key] } in MOVED {
        let members = config.get_mut(section).and_then(Value::as_object_mut);
        let options = members.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut);
        // Old checkpoints also contain unset keys, as null.
        let values = options.filter_map(|options| options.shift_remove(key));
        let Some(value) = values.filter(|value| !value.is_null()).last() else { continue };
        if let Some(config) = config.as_object_mut() {
            let section = config.entry(new_section).or_insert_with(|| Value::Object(Map::new()));
            if let Some(section) = section.as_object_mut() {
                section.entry(new_key).or_insert(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_of_old_configs_move_to_the_new_places() {
        let mut config = json!({
            "seed": 1,
            "data": { "digits": { "size": 8, "validation_split": 0.2, "normalize": null } },
        });
        migrate(&mut config);
        let now = json!({ "seed": 1, "data": { "digits": { "size": 8 } }, "split": { "validation": 0.2 } });
        assert_eq!(config, now);
        migrate(&mut config);
        assert_eq!(config, now);
        let scale = json!({ "mean": [0.5], "std": [0.5] });
        let mut config = json!({ "data": { "csv": { "normalize": scale } }, "preprocess": {} });
        migrate(&mut config);
        assert_eq!(config["preprocess"]["normalize"], scale);
    }

    #[test]
    fn anything_but_a_config_is_unchanged() {
        for odd in [json!(null), json!([1]), json!({ "data": 3 }), json!({ "data": { "csv": [1] } })] {
            let mut config = odd.clone();
            migrate(&mut config);
            assert_eq!(config, odd);
        }
        let mut odd = json!({ "data": { "csv": { "validation_split": 1 } }, "split": 7 });
        migrate(&mut odd);
        assert_eq!(odd["split"], 7);
    }
}
