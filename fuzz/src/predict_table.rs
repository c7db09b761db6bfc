//! CSV rows for `taper predict`, for networks trained on tables and on others.

use std::path::PathBuf;

use taper::data::sets::csv::Config as Table;
use taper::data::{Config, Task};

use super::predict_array::{Network, check, pick};

/// The first byte chooses the network; the rest is the text.
pub fn run(data: &[u8]) {
    let Some((&choice, text)) = data.split_first() else { return };
    let mut network: Network = pick(choice);
    if choice & 8 != 0 {
        let has_headers = choice & 16 != 0;
        network.source = Config::csv(Table {
            path: PathBuf::from("train.csv"),
            test_path: None,
            target: if has_headers { "y" } else { "0" }.to_owned(),
            features: (choice & 32 != 0).then(|| vec![if has_headers { "a" } else { "1" }.to_owned()]),
            task: Task::Classification,
            has_headers,
            delimiter: ',',
            classes: None,
        });
    }
    check(&network, "samples.csv", text);
}
