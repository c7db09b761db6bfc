//! Tables: a training and a test file, with and without names, for both tasks.

use std::path::PathBuf;

use taper::data::Task;
use taper::data::sets::csv::{Config, Gaps, Missing, UnknownCategory};

use super::properties::{check_dataset, check_error};

/// The first byte says which options to read with; a NUL parts the two files.
pub fn run(data: &[u8]) {
    let Some((&options, rest)) = data.split_first() else { return };
    let option = |bit: u8| options & bit != 0;
    let has_headers = option(1);
    let target = if has_headers { "y" } else { "0" };
    let config = Config {
        features: option(2).then(|| vec![if has_headers { "a" } else { "1" }.to_owned()]),
        categorical: if option(32) { vec![if has_headers { "a" } else { "1" }.to_owned()] } else { Vec::new() },
        ignore: if option(64) { vec![if has_headers { "b" } else { "2" }.to_owned()] } else { Vec::new() },
        unknown_category: if option(128) { UnknownCategory::Ignore } else { UnknownCategory::Error },
        missing: if option(16) { Missing::Rule(Gaps::Drop) } else { Missing::default() },
        task: if option(4) { Task::Regression } else { Task::Classification },
        has_headers,
        delimiter: if option(8) { ';' } else { ',' },
        classes: option(16).then(|| vec!["0".to_owned(), "b".to_owned()]),
        ..Config::new("train.csv", target)
    };
    let mut files = rest.split(|byte| *byte == 0).map(|content| (PathBuf::from("table.csv"), content));
    let Some(train) = files.next() else { return };
    match config.decode(train, files.next()) {
        Err(error) => check_error(&error),
        Ok(splits) => {
            for dataset in [Some(&splits.train), splits.test.as_ref()].into_iter().flatten() {
                check_dataset(dataset);
                assert!(dataset.len() <= rest.len(), "more samples than bytes");
            }
        }
    }
}
