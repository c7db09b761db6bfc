//! A file as columns, numbers and targets.

use std::io::Read;
use std::path::Path;

use ::csv::StringRecord;

use super::learn::Learner;
use super::{Config, Task};
use crate::data::columns::Columns;
use crate::data::formats::csv::{Lines, column, is_missing, number, places, reader, shown, unreadable};
use crate::data::{Dataset, Features, Targets};
use crate::error::{Error, Result};
use crate::shape::Shape;

/// The lines of a file, features as values and targets still as texts.
pub(super) struct Table {
    pub columns: Columns,
    /// How many columns the file has, used or not.
    pub width: usize,
    features: Vec<f32>,
    pub targets: Vec<String>,
    /// The line of each target, for messages.
    lines: Vec<u64>,
}

/// A file whose first line was read.
struct Opened<R> {
    reader: ::csv::Reader<R>,
    /// The names of its columns, or numbers where they have none.
    names: Vec<String>,
    /// The first line, where it has no names.
    first: Option<StringRecord>,
    target: usize,
}

impl Config {
    fn open<R: Read>(&self, path: &Path, content: R) -> Result<Opened<impl Read>> {
        let mut reader = reader(content, self.delimiter);
        let mut first = StringRecord::new();
        reader.read_record(&mut first).map_err(|error| unreadable(path, &error))?;
        let names: Vec<String> = if self.has_headers {
            first.iter().map(str::to_owned).collect()
        } else {
            (0..first.len()).map(|column| column.to_string()).collect()
        };
        let target = column(path, &names, &self.target)?;
        Ok(Opened { reader, names, first: (!self.has_headers).then_some(first), target })
    }

    /// How many columns a file has.
    pub(super) fn width(&self, path: &Path, content: impl Read) -> Result<usize> {
        Ok(self.open(path, content)?.names.len())
    }

    /// Reads the file to train on, and finds out what its columns hold.
    pub(super) fn learn(&self, path: &Path, content: impl Read) -> Result<Table> {
        let mut file = self.open(path, content)?;
        let mut left_out = vec![false; file.names.len()];
        left_out[file.target] = true;
        for place in places(path, &file.names, self.ignore.iter())? {
            left_out[place] = true;
        }
        let names = &file.names;
        let used = match &self.features {
            Some(features) => places(path, names, features.iter())?,
            None => places(path, names, (0..names.len()).filter(|i| !left_out[*i]).map(|i| &names[i]))?,
        };
        if used.is_empty() {
            return Err(Error::data(path, format!("has no column but the target `{}`", self.target)));
        }
        let mut categorical = vec![false; names.len()];
        for place in places(path, names, self.categorical.iter())? {
            categorical[place] = true;
        }
        let mut learner = Learner::new(used.iter().map(|&place| categorical[place]));
        let mut table = Table::new(names.len());
        let (targets, lines) = (&mut table.targets, &mut table.lines);
        let mut cells = Vec::new();
        let names = std::mem::take(&mut file.names);
        file.rows(path, |line, record, target| {
            for (i, &place) in used.iter().enumerate() {
                let text = record.get(place).unwrap_or_default();
                let cell = if is_missing(text) {
                    Err("the value is missing".to_owned())
                } else {
                    learner.cell(i, text)
                };
                let column = &names[place];
                let wrong =
                    |what: String| Error::data(path, format!("line {line}, column `{column}`: {what}"));
                cells.push(cell.map_err(wrong)?);
            }
            targets.push(target.to_owned());
            lines.push(line);
            Ok(())
        })?;
        let used = used.iter().map(|&place| names[place].clone()).collect();
        let learned = learner.finish(used, cells).map_err(|message| Error::data(path, message))?;
        (table.columns, table.features) = learned;
        Ok(table)
    }

    /// Reads another file by the `columns` of the one that was trained on, which had `width` columns in all if that is
    /// known.
    pub(super) fn read(
        &self,
        path: &Path,
        content: impl Read,
        columns: &Columns,
        width: Option<usize>,
    ) -> Result<Table> {
        let file = self.open(path, content)?;
        let width = width.or_else(|| self.whole_width(columns));
        if let Some(width) = width.filter(|width| !self.has_headers && *width != file.names.len()) {
            return Err(Error::data(path, format!("has {} columns, not {width}", file.names.len())));
        }
        let used = places(path, &file.names, columns.0.iter().map(|column| &column.name))?;
        let mut table = Table::new(file.names.len());
        let (features, targets, lines) = (&mut table.features, &mut table.targets, &mut table.lines);
        let mut into = Lines::new(path, columns, self.unknown_category.into());
        file.rows(path, |line, record, target| {
            into.append(line, used.iter().map(|&place| record.get(place).unwrap_or_default()), features)?;
            targets.push(target.to_owned());
            lines.push(line);
            Ok(())
        })?;
        into.finish();
        table.columns = columns.clone();
        Ok(table)
    }

    /// How many columns a file without names has in all, where the options leave out others than the target.
    pub(in crate::data) fn whole_width(&self, columns: &Columns) -> Option<usize> {
        self.features.is_none().then(|| columns.0.len() + self.ignore.len() + 1)
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
            sample_shape: Shape(vec![table.columns.width()]),
            features: Features::Floats(table.features),
            targets,
        })
    }
}

impl Table {
    fn new(width: usize) -> Self {
        let (targets, lines) = (Vec::new(), Vec::new());
        Self { columns: Columns::default(), width, features: Vec::new(), targets, lines }
    }
}

impl<R: Read> Opened<R> {
    /// Hands over every line: its number, its cells, and the target among them.
    fn rows(
        mut self,
        path: &Path,
        mut row: impl FnMut(u64, &StringRecord, &str) -> Result<()>,
    ) -> Result<()> {
        let mut ahead = self.first.take();
        let mut record = StringRecord::new();
        let mut empty = true;
        loop {
            match ahead.take() {
                Some(first) => record = first,
                None if self.reader.read_record(&mut record).map_err(|error| unreadable(path, &error))? => {}
                None => break,
            }
            let line = record.position().map_or(0, ::csv::Position::line);
            row(line, &record, record.get(self.target).unwrap_or_default())?;
            empty = false;
        }
        if empty { Err(Error::data(path, "has no samples")) } else { Ok(()) }
    }
}
