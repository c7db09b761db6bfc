//! Predictions as CSV rows or lines of JSON for other programs, and their destination.

mod destination;
mod judged;
mod table;

pub use destination::Destination;
pub use judged::Samples;

use serde::Serialize;
use taper::run::{Answer, Prediction, Row, Threshold};

use crate::cli::RowFormat;
use table::{Columns, Table, texts};

/// Formats predictions, one input at a time.
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
    /// A writer in `format` with the columns `ids` and a column for each of `classes`; `threshold` decides between
    /// two classes.
    pub fn new(
        format: RowFormat,
        ids: &'a [String],
        classes: &'a [String],
        threshold: Option<Threshold>,
    ) -> Self {
        Self { format, ids, classes, threshold, table: Table::new(), first: true }
    }

    /// The text before all rows; `checkpoint` is the source of the weights.
    pub fn begin(&self, checkpoint: &str) -> anyhow::Result<String> {
        Ok(match self.format {
            RowFormat::Json => {
                format!("{{\"checkpoint\":{},\"predictions\":[", serde_json::to_string(checkpoint)?)
            }
            _ => String::new(),
        })
    }

    /// The rows of one `input`, starting with sample `first`; `ids` holds the values of the id columns for each sample,
    /// or is empty.
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

    /// The text after all rows.
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
