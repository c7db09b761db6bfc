//! Evaluated samples as rows.

use std::path::Path;

use serde::Serialize;
use taper::Error;
use taper::run::{Draft, Prediction, SampleResult, SampleTarget};

use super::table::{Columns, Table, texts};
use crate::cli::RowFormat;

/// The number of rows written at once.
const AT_ONCE: usize = 1024;

/// Writes samples to a file, which gets its name once all are written.
pub struct Samples<'a> {
    file: Draft,
    json: bool,
    classes: &'a [String],
    table: Table,
    lines: String,
    count: usize,
}

impl<'a> Samples<'a> {
    /// Starts the file at `path`, in the format of its extension: `.csv` or `.jsonl`.
    ///
    /// # Errors
    /// If the extension is neither of these, or the file cannot be created.
    pub fn create(path: &Path, classes: &'a [String]) -> taper::Result<Self> {
        let json = match RowFormat::of(path) {
            Some(RowFormat::Csv) => false,
            Some(RowFormat::Jsonl) => true,
            _ => {
                let message = "unsupported file type; use a name that ends in .csv or .jsonl";
                return Err(Error::Usage(format!("--predictions {}: {message}", path.display())));
            }
        };
        let file = Draft::create(path)?;
        Ok(Self { file, json, classes, table: Table::new(), lines: String::new(), count: 0 })
    }

    /// Adds a sample.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn add(&mut self, sample: &SampleResult<'_>) -> taper::Result<()> {
        let added = if self.json {
            json(sample, self.classes).map(|line| self.lines.extend([line.as_str(), "\n"]))
        } else {
            csv(&mut self.table, sample, self.classes)
        };
        added.map_err(|error| refused(&error))?;
        self.count += 1;
        if self.count.is_multiple_of(AT_ONCE) { self.flush() } else { Ok(()) }
    }

    /// Writes the remaining rows and renames the file to its final name.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn finish(mut self) -> taper::Result<()> {
        self.flush()?;
        self.file.finish()
    }

    fn flush(&mut self) -> taper::Result<()> {
        let text = if self.json {
            std::mem::take(&mut self.lines)
        } else {
            self.table.take().map_err(|error| refused(&error))?
        };
        self.file.write(text.as_bytes())
    }
}

/// The error for a row that cannot be formatted, which does not happen.
fn refused(error: &anyhow::Error) -> Error {
    Error::Usage(format!("cannot format a row: {error}"))
}

/// Adds an evaluated sample: index, file if it has one, true class, predicted class and probabilities; or the numbers.
fn csv(table: &mut Table, sample: &SampleResult<'_>, classes: &[String]) -> anyhow::Result<()> {
    let name = |class: usize| classes.get(class).cloned().unwrap_or_else(|| class.to_string());
    let Prediction { values, .. } = &sample.prediction;
    let file = sample.file.map(|file| file.display().to_string());
    let first = || ["index"].into_iter().chain(file.as_ref().map(|_| "file")).map(str::to_owned);
    let index = [sample.index.to_string()].into_iter().chain(file.clone());
    match sample.target {
        SampleTarget::Class(target) => {
            let predicted = sample.prediction.class();
            let cells = [name(target), name(predicted), values[predicted].to_string()];
            let names = || {
                let names = first().chain(["truth".to_owned()]);
                names.chain(Columns::Classes(classes).names("prediction", "")).collect()
            };
            table.add(names, index.chain(cells).chain(texts(values)))
        }
        SampleTarget::Values(target) => {
            let names = || {
                let of = |name| Columns::Numbers(target.len()).names("", name);
                first().chain(of("truth")).chain(of("prediction")).collect()
            };
            table.add(names, index.chain(texts(target)).chain(texts(values)))
        }
    }
}

/// An evaluated sample as a line of JSON.
fn json(sample: &SampleResult<'_>, classes: &[String]) -> anyhow::Result<String> {
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Line<'a> {
        Class {
            index: usize,
            #[serde(skip_serializing_if = "Option::is_none")]
            file: Option<String>,
            truth: &'a str,
            prediction: &'a str,
            probability: f32,
            probabilities: &'a [f32],
        },
        Values {
            index: usize,
            #[serde(skip_serializing_if = "Option::is_none")]
            file: Option<String>,
            truth: &'a [f32],
            prediction: &'a [f32],
        },
    }
    let name = |class: usize| classes.get(class).map_or("", String::as_str);
    let file = sample.file.map(|file| file.display().to_string());
    let (index, values) = (sample.index, sample.prediction.values.as_slice());
    let line = match sample.target {
        SampleTarget::Class(target) => {
            let class = sample.prediction.class();
            let (truth, prediction) = (name(target), name(class));
            Line::Class { index, file, truth, prediction, probability: values[class], probabilities: values }
        }
        SampleTarget::Values(target) => Line::Values { index, file, truth: target, prediction: values },
    };
    Ok(serde_json::to_string(&line)?)
}
