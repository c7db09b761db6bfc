//! Reads a file to columns, numbers and targets.

use std::io::Read;
use std::path::Path;

use super::learn::Learner;
use super::nameless::Nameless;
use super::pixels::pixels;
use super::rows::Dropped;
use super::{Config, Gaps, Missing, Task};
use crate::data::columns::Columns;
use crate::data::formats::csv::{Lines, cell, is_missing, number, places, shown};
use crate::data::{Dataset, Features, Targets};
use crate::error::{Error, Result};
use crate::shape::Shape;
use crate::wording::counted;

/// The rows of a file: features as numbers, targets still as text.
pub(super) struct Table {
    pub columns: Columns,
    /// The number of columns of the file, used or not.
    pub width: usize,
    features: Vec<f32>,
    pub targets: Vec<String>,
    /// The line number of each sample, for messages.
    lines: Vec<u64>,
}

impl Config {
    /// The number of columns of a file.
    pub(super) fn width(&self, path: &Path, content: impl Read) -> Result<usize> {
        Ok(self.open(path, content)?.names.len())
    }

    /// Reads the training file and determines its columns.
    pub(super) fn learn(&self, path: &Path, content: impl Read) -> Result<Table> {
        let mut file = self.open(path, content)?;
        let mut left_out = vec![false; file.names.len()];
        // Several columns may have no name.
        let blank = |place: &usize| file.names[*place].is_empty() && self.ignore.contains(&String::new());
        let blanks = (0..file.names.len()).filter(blank);
        let ignored = places(path, &file.names, self.ignore.iter().filter(|name| !name.is_empty()))?;
        for place in file.targets.iter().copied().chain(ignored).chain(blanks) {
            left_out[place] = true;
        }
        let names = &file.names;
        let mut categorical = vec![false; names.len()];
        for place in places(path, names, self.categorical.iter())? {
            categorical[place] = true;
        }
        let named: Vec<bool> =
            (0..names.len()).map(|i| self.features.is_some() || left_out[i] || categorical[i]).collect();
        let mut nameless = Nameless::new(names, &named);
        let used = if let Some(features) = &self.features {
            places(path, names, features.iter())?
        } else {
            nameless.places().for_each(|place| left_out[place] = true);
            places(path, names, (0..names.len()).filter(|i| !left_out[*i]).map(|i| &names[i]))?
        };
        if used.is_empty() {
            let targets = self.target.names().join("`, `");
            return Err(Error::data(path, format!("has no column other than the target `{targets}`")));
        }
        let mut learner =
            Learner::new(used.iter().map(|&place| categorical[place]), self.missing, self.missing_indicator);
        let mut table = Table::new(names.len());
        let (targets, lines) = (&mut table.targets, &mut table.lines);
        let mut cells = Vec::new();
        let names = std::mem::take(&mut file.names);
        let marks = self.missing_marks.as_slice();
        file.rows(path, self.dropped(&used).as_ref(), |line, record, wanted| {
            nameless.look(lines.len(), record, marks);
            for (i, &place) in used.iter().enumerate() {
                let cell = learner.cell(i, cell(record, place, marks));
                let column = &names[place];
                let wrong =
                    |what: String| Error::data(path, format!("line {line}, column `{column}`: {what}"));
                cells.push(cell.map_err(wrong)?);
            }
            targets.extend(wanted.iter().map(|&place| cell(record, place, marks).to_owned()));
            lines.push(line);
            Ok(())
        })?;
        nameless.finish(path)?;
        let used = used.iter().map(|&place| names[place].clone()).collect();
        let learned = learner.finish(used, cells).map_err(|message| Error::data(path, message))?;
        (table.columns, table.features) = learned;
        Ok(table)
    }

    /// Reads another file by the `columns` of the training file, which had `width` columns in total, if that
    /// is known.
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
            return Err(Error::data(
                path,
                format!("has {}, not {width}", counted(file.names.len(), "column")),
            ));
        }
        let used = places(path, &file.names, columns.0.iter().map(|column| &column.name))?;
        let mut table = Table::new(file.names.len());
        let (features, targets, lines) = (&mut table.features, &mut table.targets, &mut table.lines);
        let mut into = Lines::new(path, columns, self.unknown_category.into(), Missing::REMEDY);
        let marks = self.missing_marks.as_slice();
        file.rows(path, self.dropped(&used).as_ref(), |line, record, wanted| {
            into.append(line, used.iter().map(|&place| cell(record, place, marks)), features)?;
            targets.extend(wanted.iter().map(|&place| cell(record, place, marks).to_owned()));
            lines.push(line);
            Ok(())
        })?;
        into.finish();
        table.columns = columns.clone();
        Ok(table)
    }

    /// The columns in which, in addition to the targets, a missing value drops the line.
    fn dropped<'a>(&'a self, used: &'a [usize]) -> Option<Dropped<'a>> {
        let listed = self.classes.iter().flatten().any(|class| is_missing(class));
        (self.missing == Missing::Rule(Gaps::Drop)).then_some(Dropped {
            used,
            labels: !listed,
            marks: &self.missing_marks,
        })
    }

    /// The total number of columns of a file without a header, if it is determined by the options.
    pub(in crate::data) fn whole_width(&self, columns: &Columns) -> Option<usize> {
        self.features.is_none().then(|| columns.0.len() + self.ignore.len() + self.target.names().len())
    }

    pub(super) fn dataset(&self, path: &Path, table: Table, classes: &[String]) -> Result<Dataset> {
        let names = self.target.names();
        let lines = table.lines.iter().flat_map(|line| names.iter().map(move |name| (name, line)));
        let targets = table.targets.iter().zip(lines);
        let targets = if self.task == Task::Regression {
            let value =
                |(text, (name, line)): (&String, (&String, &u64))| number(path, *line, name, Some(text));
            Targets::Values { values: targets.map(value).collect::<Result<_>>()?, width: names.len() }
        } else {
            let indices: std::collections::HashMap<&str, u32> =
                classes.iter().map(String::as_str).zip(0..).collect();
            let label = |(text, (name, line)): (&String, (&String, &u64))| {
                indices.get(text.as_str()).copied().ok_or_else(|| {
                    if is_missing(text) {
                        let message = format!(
                            "line {line}, column `{name}`: the label is missing; remove the line, or add {} to `classes`",
                            shown(text)
                        );
                        return Error::data(path, message);
                    }
                    let known =
                        if classes.len() <= 20 { classes.join(", ") } else { "too many to list".to_owned() };
                    let message = format!(
                        "line {line}, column `{name}`: unknown class {}; the classes are {known}",
                        shown(text)
                    );
                    Error::data(path, message)
                })
            };
            let labels = targets.map(label).collect::<Result<_>>()?;
            Targets::Classes { labels, names: classes.to_vec() }
        };
        let width = table.columns.width();
        let sample_shape = self.shape.map_or_else(|| Shape(vec![width]), Shape::from);
        if sample_shape.elements() != Some(width) {
            let message = format!("rows have {width} values, but `shape` is {sample_shape}");
            return Err(Error::data(path, message));
        }
        let features = if self.pixels {
            pixels(path, &table.features, &table.lines, &table.columns)?
        } else {
            Features::Floats(table.features)
        };
        Ok(Dataset { sample_shape, features: features.into(), targets })
    }
}

impl Table {
    fn new(width: usize) -> Self {
        let (targets, lines) = (Vec::new(), Vec::new());
        Self { columns: Columns::default(), width, features: Vec::new(), targets, lines }
    }
}
