//! Predictions as rows of CSV or lines of JSON, for other programs, and where they go.

mod destination;
mod judged;
mod table;

pub use destination::Destination;
pub use judged::Samples;

use serde::Serialize;
use taper::run::{Answer, Prediction, Row, Threshold};

use crate::cli::RowFormat;
use table::{Columns, Table, texts};

/// Writes predictions, input after input.
pub struct Rows<'a> {
    format: RowFormat,
    ids: &'a [String],
    classes: &'a [String],
    threshold: Option<Threshold>,
    table: Table,
    first: bool,
}

/// A row with its ids, as a line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    ids: serde_json::Map<String, serde_json::Value>,
    #[serde(flatten)]
    row: &'a Row,
}

impl<'a> Rows<'a> {
    /// In `format`, with the columns called `ids` and a column for each of `classes`, between two of which a
    /// `threshold` may decide.
    pub fn new(
        format: RowFormat,
        ids: &'a [String],
        classes: &'a [String],
        threshold: Option<Threshold>,
    ) -> Self {
        Self { format, ids, classes, threshold, table: Table::new(), first: true }
    }

    /// What stands before all rows; `checkpoint` is where the weights are from.
    pub fn begin(&self, checkpoint: &str) -> anyhow::Result<String> {
        Ok(match self.format {
            RowFormat::Json => {
                format!("{{\"checkpoint\":{},\"predictions\":[", serde_json::to_string(checkpoint)?)
            }
            _ => String::new(),
        })
    }

    /// Rows of one `input` from its sample `first` on; `ids` has the texts that say which sample is which, or
    /// nothing.
    pub fn of(
        &mut self,
        input: &str,
        first: usize,
        predictions: Vec<Prediction>,
        ids: &[Vec<String>],
    ) -> anyhow::Result<String> {
        let mut text = String::new();
        for row in Row::all(input, first, predictions, self.classes, self.threshold) {
            let ids = ids.get(row.index).map_or(&[][..], Vec::as_slice);
            if self.format == RowFormat::Csv {
                self.cells(row, ids)?;
                continue;
            }
            let names = self.ids.iter().cloned();
            let ids = names.zip(ids.iter().cloned().map(Into::into)).collect();
            let line = serde_json::to_string(&Line { ids, row: &row })?;
            if self.format == RowFormat::Jsonl {
                text.extend([line.as_str(), "\n"]);
            } else {
                text.extend([if self.first { "" } else { "," }, &line]);
            }
            self.first = false;
        }
        if self.format == RowFormat::Csv { self.table.take() } else { Ok(text) }
    }

    /// What stands after all rows.
    pub fn end(&self) -> &'static str {
        if self.format == RowFormat::Json { "]}\n" } else { "" }
    }

    /// Adds a row of the table: ids, input, index, class and probabilities, or numbers.
    fn cells(&mut self, row: Row, ids: &[String]) -> anyhow::Result<()> {
        let Row { input, index, answer, .. } = row;
        let (result, columns): (Vec<String>, _) = match answer {
            Answer::Class { class, probability, probabilities, .. } => {
                let cells = [class, probability.to_string()].into_iter().chain(texts(&probabilities));
                (cells.collect(), Columns::Classes(self.classes))
            }
            Answer::Values { values } => (texts(&values).collect(), Columns::Numbers(values.len())),
        };
        let names = || {
            let first = self.ids.iter().cloned().chain(["input".to_owned(), "index".to_owned()]);
            first.chain(columns.names("class", "value")).collect()
        };
        let cells = ids.iter().cloned().chain([input, index.to_string()]).chain(result);
        self.table.add(names, cells)
    }
}
