//! A file as columns, numbers and targets.

use std::io::Read;
use std::path::Path;

use ::csv::StringRecord;

use super::{Config, Task};
use crate::data::formats::csv::{column, is_missing, number, places, reader, shown, unreadable};
use crate::data::{Dataset, Features, Targets};
use crate::error::{Error, Result};
use crate::shape::Shape;

/// The columns of a file.
pub(super) struct Columns {
    /// Their names, or numbers where they have none.
    names: Vec<String>,
    /// The places of those to predict from.
    used: Vec<usize>,
    /// The first line, where it has no names.
    first: Option<StringRecord>,
}

impl Columns {
    /// The names of the columns to predict from.
    pub fn features(&self) -> impl Iterator<Item = &String> {
        self.used.iter().map(|&place| &self.names[place])
    }
}

/// The lines of a file, features as numbers and targets still as texts.
pub(super) struct Table {
    pub columns: Columns,
    features: Vec<f32>,
    pub targets: Vec<String>,
    /// The line of each target, for messages.
    lines: Vec<u64>,
}

impl Config {
    /// The columns of a file, those to predict from as in the file that was `trained` on.
    pub(super) fn columns<R: Read>(
        &self,
        path: &Path,
        reader: &mut ::csv::Reader<R>,
        trained: Option<&Columns>,
    ) -> Result<Columns> {
        let mut first = StringRecord::new();
        reader.read_record(&mut first).map_err(|error| unreadable(path, &error))?;
        let names: Vec<String> = if self.has_headers {
            first.iter().map(str::to_owned).collect()
        } else {
            (0..first.len()).map(|column| column.to_string()).collect()
        };
        if let Some(trained) = trained
            && !self.has_headers
            && trained.names.len() != names.len()
        {
            let message = format!("has {} columns, not {}", names.len(), trained.names.len());
            return Err(Error::data(path, message));
        }
        let target = column(path, &names, &self.target)?;
        let used = match (trained, &self.features) {
            (Some(trained), _) => places(path, &names, trained.features())?,
            (None, Some(features)) => places(path, &names, features.iter())?,
            (None, None) => {
                let others = names.iter().enumerate().filter(|(place, _)| *place != target);
                places(path, &names, others.map(|(_, name)| name))?
            }
        };
        if used.is_empty() {
            return Err(Error::data(path, format!("has no column but the target `{}`", self.target)));
        }
        Ok(Columns { names, used, first: (!self.has_headers).then_some(first) })
    }

    pub(super) fn read(&self, path: &Path, content: impl Read, trained: Option<&Columns>) -> Result<Table> {
        let mut reader = reader(content, self.delimiter);
        let mut columns = self.columns(path, &mut reader, trained)?;
        let mut ahead = columns.first.take();
        let Columns { names, used, .. } = &columns;
        let target = column(path, names, &self.target)?;
        let (mut values, mut targets, mut lines) = (Vec::new(), Vec::new(), Vec::new());
        let mut record = StringRecord::new();
        loop {
            match ahead.take() {
                Some(first) => record = first,
                None if reader.read_record(&mut record).map_err(|error| unreadable(path, &error))? => {}
                None => break,
            }
            let line = record.position().map_or(0, ::csv::Position::line);
            for &column in used {
                values.push(number(path, line, &names[column], record.get(column))?);
            }
            targets.push(record.get(target).unwrap_or_default().to_owned());
            lines.push(line);
        }
        if targets.is_empty() {
            return Err(Error::data(path, "has no samples"));
        }
        Ok(Table { columns, features: values, targets, lines })
    }

    pub(super) fn dataset(&self, path: &Path, table: Table, classes: &[String]) -> Result<Dataset> {
        let targets = table.targets.iter().zip(&table.lines);
        let targets = if self.task == Task::Regression {
            let value = |(text, line): (&String, &u64)| number(path, *line, &self.target, Some(text));
            Targets::Values { values: targets.map(value).collect::<Result<_>>()?, width: 1 }
        } else {
            let indices: std::collections::HashMap<&str, u32> =
                classes.iter().map(String::as_str).zip(0..).collect();
            let label = |(text, line): (&String, &u64)| {
                indices.get(text.as_str()).copied().ok_or_else(|| {
                    if is_missing(text) {
                        let message = format!(
                            "line {line}, column `{}`: the label is missing; remove the line, or list {} in `classes`",
                            self.target,
                            shown(text)
                        );
                        return Error::data(path, message);
                    }
                    let known =
                        if classes.len() <= 20 { classes.join(", ") } else { "many others".to_owned() };
                    let message = format!(
                        "line {line}, column `{}`: unknown class {}; known are {known}",
                        self.target,
                        shown(text)
                    );
                    Error::data(path, message)
                })
            };
            let labels = targets.map(label).collect::<Result<_>>()?;
            Targets::Classes { labels, names: classes.to_vec() }
        };
        Ok(Dataset {
            sample_shape: Shape(vec![table.columns.used.len()]),
            features: Features::Floats(table.features),
            targets,
        })
    }
}
