//! `--set` and `TAPER__…`: each line of the input is an assignment on top of a small config.

use taper::config::Input;
use taper::experiment::Experiment;

use super::properties::check_diagnostics;

const CONFIG: &str = "data.linear = {}\nloss.mse = {}\noptimizer.sgd = { learning_rate = 0.1 }\n\
                      model.layers = [{ dense = { units = 1 } }]\n";
/// More in one command line are of no interest.
const MOST: usize = 8;

/// Loads the config with the assignments.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let overrides = text.split('\0').take(MOST).map(|text| ("--set".to_owned(), text.to_owned())).collect();
    let input = Input { name: "config.toml".to_owned(), text: CONFIG.into(), overrides };
    match Experiment::load(&input) {
        Err(diagnostics) => check_diagnostics(&diagnostics, data),
        Ok(experiment) => {
            let again = Experiment::from_json(&experiment.to_json());
            assert_eq!(again.as_ref(), Ok(&experiment), "{}", experiment.to_json());
        }
    }
}
