//! CSV rows for `taper predict`, for networks trained on tables and on others.

use taper::data::sets::csv::Config as Table;
use taper::data::{Column, Columns, Config, Fill};

use super::predict_array::{Network, check, pick};

/// The first byte chooses the network; the rest is the text.
pub fn run(data: &[u8]) {
    let Some((&choice, text)) = data.split_first() else { return };
    let mut network: Network = pick(choice);
    if choice & 8 != 0 {
        let has_headers = choice & 16 != 0;
        network.source = Config::csv(Table {
            features: (choice & 32 != 0).then(|| vec![if has_headers { "a" } else { "1" }.to_owned()]),
            has_headers,
            trained: (choice & 64 != 0).then(|| columns(has_headers)),
            ..Table::new("train.csv", if has_headers { "y" } else { "0" })
        });
    }
    check(&network, "samples.csv", text);
}

/// A column of two categories and one of numbers: the three values that some of the networks take.
fn columns(has_headers: bool) -> Columns {
    let [a, b] = if has_headers { ["a", "b"] } else { ["0", "1"] }.map(str::to_owned);
    let categories = Some(vec!["x".to_owned(), "1".to_owned()]);
    let b = Column { fill: has_headers.then_some(Fill::Number(0.5)), ..Column::numbers(b) };
    Columns(vec![Column { categories, ..Column::numbers(a) }, b])
}
