//! `state.json` of a checkpoint.

use std::path::Path;

use taper::checkpoint::State;

use super::properties::check_error;

/// Reads the bytes; what can be read is written and read as the same.
pub fn run(data: &[u8]) {
    match State::parse(Path::new("state.json"), data) {
        Err(error) => check_error(&error),
        Ok(state) => {
            let write = |state: &State| serde_json::to_string(state).expect("a state can be written");
            let written = write(&state);
            let again = State::parse(Path::new("state.json"), written.as_bytes()).expect("it was just written");
            assert_eq!(write(&again), written);
        }
    }
}
