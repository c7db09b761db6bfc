//! A config as TOML: explained, or the same again after it was written.

use taper::config::Input;
use taper::experiment::Experiment;

use super::properties::check_diagnostics;

/// Loads the bytes as a config file.
pub fn run(data: &[u8]) {
    match load(data.to_vec()) {
        Err(diagnostics) => check_diagnostics(&diagnostics, data),
        Ok(experiment) => {
            let written = experiment.to_toml();
            let again = load(written.clone().into()).unwrap_or_else(|error| panic!("{written}\n{error}"));
            assert_eq!(again, experiment, "{written}");
        }
    }
}

fn load(text: Vec<u8>) -> Result<Experiment, taper::config::Diagnostics> {
    Experiment::load(&Input { name: "config.toml".to_owned(), text, overrides: Vec::new() })
}
