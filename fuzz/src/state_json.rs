//! `state.json` of a checkpoint.

use std::path::Path;

use taper::internals::checkpoint::{State, parse_state};
use taper::internals::checkpoint::manifest::FORMAT;
use taper::data::Target;

use super::properties::check_error;

/// Reads the bytes as every format; a state that can be read is the same after it is written and read again,
/// and its metrics can be reported if it is possible.
pub fn run(data: &[u8]) {
    (1..=FORMAT).for_each(|format| check(data, format));
}

fn check(data: &[u8], format: u32) {
    match parse_state(Path::new("state.json"), data, format) {
        Err(error) => check_error(&error),
        Ok(state) => {
            let write = |state: &State| serde_json::to_string(state).expect("a state can be written");
            let written = write(&state);
            let again = parse_state(Path::new("state.json"), written.as_bytes(), FORMAT).expect("it was just written");
            assert_eq!(write(&again), written);
            let targets =
                (1..4).flat_map(|n| [Target::Class { classes: n }, Target::Value { width: n }]);
            // A run can continue to count from a possible state.
            for target in targets.filter(|target| state.is_possible(u64::MAX, *target)) {
                assert!(state.running.values().iter().all(|(name, _)| !name.is_empty()), "{target:?}");
                assert!(state.running.report(&[]).is_object());
            }
        }
    }
}
