//! A file as columns, numbers and targets.

use std::io::Read;
use std::path::Path;

use ::csv::StringRecord;

use super::learn::Learner;
use super::pixels::pixels;
use super::{Config, Gaps, Missing, Task};
use crate::data::columns::Columns;
use crate::data::formats::csv::{Lines, is_missing, number, places, reader, shown, unreadable};
use crate::data::{Dataset, Features, Targets};
use crate::error::{Error, Result};
use crate::shape::Shape;
use crate::wording::counted;

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
    /// The places of what is to be predicted.
    targets: Vec<usize>,
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
        let targets = places(path, &names, self.target.names().iter())?;
        Ok(Opened { reader, names, first: (!self.has_headers).then_some(first), targets })
    }

    /// How many columns a file has.
    pub(super) fn width(&self, path: &Path, content: impl Read) -> Result<usize> {
        Ok(self.open(path, content)?.names.len())
    }

    /// Reads the file to train on, and finds out what its columns hold.
    pub(super) fn learn(&self, path: &Path, content: impl Read) -> Result<Table> {
        let mut file = self.open(path, content)?;
        let mut left_out = vec![false; file.names.len()];
        let ignored = places(path, &file.names, self.ignore.iter())?;
        for place in file.targets.iter().copied().chain(ignored) {
            left_out[place] = true;
        }
        let names = &file.names;
        let used = match &self.features {
            Some(features) => places(path, names, features.iter())?,
            None => places(path, names, (0..names.len()).filter(|i| !left_out[*i]).map(|i| &names[i]))?,
        };
        if used.is_empty() {
            let targets = self.target.names().join("`, `");
            return Err(Error::data(path, format!("has no column but the target `{targets}`")));
        }
        let mut categorical = vec![false; names.len()];
        for place in places(path, names, self.categorical.iter())? {
            categorical[place] = true;
        }
        let mut learner =
            Learner::new(used.iter().map(|&place| categorical[place]), self.missing, self.missing_indicator);
        let mut table = Table::new(names.len());
        let (targets, lines) = (&mut table.targets, &mut table.lines);
        let mut cells = Vec::new();
        let names = std::mem::take(&mut file.names);
        file.rows(path, self.dropped(&used).as_ref(), |line, record, wanted| {
            for (i, &place) in used.iter().enumerate() {
                let text = record.get(place).unwrap_or_default();
                let cell = learner.cell(i, text);
                let column = &names[place];
                let wrong =
                    |what: String| Error::data(path, format!("line {line}, column `{column}`: {what}"));
                cells.push(cell.map_err(wrong)?);
            }
            targets.extend(wanted.iter().map(|&place| record.get(place).unwrap_or_default().to_owned()));
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
            return Err(Error::data(path, format!("has {}, not {width}", counted(file.names.len(), "column"))));
        }
        let used = places(path, &file.names, columns.0.iter().map(|column| &column.name))?;
        let mut table = Table::new(file.names.len());
        let (features, targets, lines) = (&mut table.features, &mut table.targets, &mut table.lines);
        let mut into = Lines::new(path, columns, self.unknown_category.into(), Missing::REMEDY);
        file.rows(path, self.dropped(&used).as_ref(), |line, record, wanted| {
            into.append(line, used.iter().map(|&place| record.get(place).unwrap_or_default()), features)?;
            targets.extend(wanted.iter().map(|&place| record.get(place).unwrap_or_default().to_owned()));
            lines.push(line);
            Ok(())
        })?;
        into.finish();
        table.columns = columns.clone();
        Ok(table)
    }

    /// The columns whose gaps leave a line out, beside the targets.
    fn dropped<'a>(&self, used: &'a [usize]) -> Option<Dropped<'a>> {
        let listed = self.classes.iter().flatten().any(|class| is_missing(class));
        (self.missing == Missing::Rule(Gaps::Drop)).then_some(Dropped { used, labels: !listed })
    }

    /// How many columns a file without names has in all, where the options leave out others than the target.
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
                            "line {line}, column `{name}`: the label is missing; remove the line, or list {} in `classes`",
                            shown(text)
                        );
                        return Error::data(path, message);
                    }
                    let known =
                        if classes.len() <= 20 { classes.join(", ") } else { "many others".to_owned() };
                    let message = format!(
                        "line {line}, column `{name}`: unknown class {}; known are {known}",
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
            let message = format!("a line has {width} values, but `shape` is {sample_shape}");
            return Err(Error::data(path, message));
        }
        let features = if self.pixels {
            pixels(path, &table.features, &table.lines, &table.columns)?
        } else {
            Features::Floats(table.features)
        };
        Ok(Dataset { sample_shape, features, targets })
    }
}

impl Table {
    fn new(width: usize) -> Self {
        let (targets, lines) = (Vec::new(), Vec::new());
        Self { columns: Columns::default(), width, features: Vec::new(), targets, lines }
    }
}

/// Which gaps leave a line out.
struct Dropped<'a> {
    used: &'a [usize],
    /// Whether those among the targets do.
    labels: bool,
}

impl<R: Read> Opened<R> {
    /// Hands over every line: its number, its cells, and the places of the targets among them.
    fn rows(
        mut self,
        path: &Path,
        dropped: Option<&Dropped<'_>>,
        mut row: impl FnMut(u64, &StringRecord, &[usize]) -> Result<()>,
    ) -> Result<()> {
        let mut ahead = self.first.take();
        let mut record = StringRecord::new();
        let (mut kept, mut left_out) = (0_usize, 0_usize);
        loop {
            match ahead.take() {
                Some(first) => record = first,
                None if self.reader.read_record(&mut record).map_err(|error| unreadable(path, &error))? => {}
                None => break,
            }
            let gap = |&place: &usize| is_missing(record.get(place).unwrap_or_default());
            if let Some(Dropped { used, labels }) = dropped
                && (used.iter().any(gap) || (*labels && self.targets.iter().any(gap)))
            {
                left_out += 1;
                continue;
            }
            let line = record.position().map_or(0, ::csv::Position::line);
            row(line, &record, &self.targets)?;
            kept += 1;
        }
        if kept == 0 {
            let why = if left_out > 0 { ": every line has a gap (`missing = \"drop\"`)" } else { "" };
            return Err(Error::data(path, format!("has no samples{why}")));
        }
        if left_out > 0 {
            let all = kept + left_out;
            tracing::warn!("{}: {left_out} of {all} lines have gaps and are left out", path.display());
        }
        Ok(())
    }
}
