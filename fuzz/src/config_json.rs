//! A config as JSON: explained, or the same again after it was written.

use taper::config::Input;
use taper::experiment::Experiment;

use super::properties::check_diagnostics;

/// Loads the bytes as a config file.
pub fn run(data: &[u8]) {
    let input = Input { name: "config.json".to_owned(), text: data.to_vec(), overrides: Vec::new() };
    match Experiment::load(&input) {
        Err(diagnostics) => check_diagnostics(&diagnostics, data),
        Ok(experiment) => {
            let again = Experiment::from_json(&experiment.to_json());
            assert_eq!(again.as_ref(), Ok(&experiment), "{}", experiment.to_json());
        }
    }
}
