//! Reads a file to columns, numbers and targets.

use std::io::Read;
use std::path::Path;

use super::labels::Labels;
use super::learn::Learner;
use super::line_numbers::LineNumbers;
use super::nameless::Nameless;
use super::pixels::pixels;
use super::rows::{Opened, ReadRows};
use super::samples::{Dropped, Inputs, Samples, Selection};
use super::{Config, Gaps, Missing};
use crate::data::columns::Columns;
use crate::data::formats::csv::{Lines, Record, cell, is_missing, places};
use crate::data::{Dataset, Features};
use crate::error::{Error, Result};
use crate::shape::Shape;
use crate::wording::counted;

/// The rows of a file: features as numbers, targets as they were read.
pub(super) struct Table {
    pub columns: Columns,
    /// The number of columns of the file, used or not.
    pub width: usize,
    features: Vec<f32>,
    pub labels: Labels,
    lines: LineNumbers,
}

impl Config {
    /// The number of columns of a file.
    pub(super) fn width(&self, path: &Path, content: impl Read) -> Result<usize> {
        Ok(self.open(path, content, 0)?.names.len())
    }

    /// Reads the training file and determines its columns.
    pub(super) fn learn(&self, path: &Path, mut file: Opened<impl ReadRows>) -> Result<Table> {
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
        let nameless = Nameless::new(names, &named);
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
        let learner =
            Learner::new(used.iter().map(|&place| categorical[place]), self.missing, self.missing_indicator);
        let names = std::mem::take(&mut file.names);
        let selection = self.selection(used, &file.targets);
        let inputs = Learned { path, names: &names, learner, nameless };
        let mut samples = Samples::new(&selection, inputs, Labels::new(self.task));
        file.rows.read(path, &mut samples)?;
        samples.check(path)?;
        let Samples { inputs, values, labels, lines, .. } = samples;
        inputs.nameless.finish(path)?;
        let used = selection.used.iter().map(|&place| names[place].clone()).collect();
        let learned = inputs.learner.finish(used, values).map_err(|message| Error::data(path, message))?;
        let (columns, features) = learned;
        Ok(Table { columns, width: names.len(), features, labels, lines })
    }

    /// Reads another file by the `columns` of the training file, which had `width` columns in total, if that
    /// is known.
    pub(super) fn read(
        &self,
        path: &Path,
        file: Opened<impl ReadRows>,
        columns: &Columns,
        width: Option<usize>,
    ) -> Result<Table> {
        let width = width.or_else(|| self.whole_width(columns));
        let found = file.names.len();
        if let Some(width) = width.filter(|width| !self.has_headers && *width != found) {
            return Err(Error::data(path, format!("has {}, not {width}", counted(found, "column"))));
        }
        let used = places(path, &file.names, columns.0.iter().map(|column| &column.name))?;
        let selection = self.selection(used, &file.targets);
        let inputs = Lines::new(path, columns, self.unknown_category.into(), Missing::REMEDY);
        let mut samples = Samples::new(&selection, inputs, Labels::new(self.task));
        file.rows.read(path, &mut samples)?;
        samples.check(path)?;
        let Samples { inputs, values, labels, lines, .. } = samples;
        inputs.finish();
        Ok(Table { columns: columns.clone(), width: found, features: values, labels, lines })
    }

    /// The columns that are read of a file.
    fn selection(&self, used: Vec<usize>, targets: &[usize]) -> Selection<'_> {
        let listed = self.classes.iter().flatten().any(|class| is_missing(class));
        let dropped = if listed { Dropped::Inputs } else { Dropped::InputsAndTargets };
        Selection {
            used,
            targets: targets.to_vec(),
            marks: &self.missing_marks,
            dropped: (self.missing == Missing::Rule(Gaps::Drop)).then_some(dropped),
        }
    }

    /// The total number of columns of a file without a header, if it is determined by the options.
    pub(in crate::data) fn whole_width(&self, columns: &Columns) -> Option<usize> {
        self.features.is_none().then(|| columns.0.len() + self.ignore.len() + self.target.names().len())
    }

    pub(super) fn dataset(&self, path: &Path, table: Table, classes: &[String]) -> Result<Dataset> {
        let targets = self.targets(path, table.labels, &table.lines, classes)?;
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

/// The inputs of a training file, whose columns are determined by its rows.
struct Learned<'a> {
    path: &'a Path,
    /// The names of all columns.
    names: &'a [String],
    learner: Learner,
    nameless: Nameless,
}

impl Inputs for Learned<'_> {
    fn part(&self) -> Self {
        Self { learner: self.learner.part(), nameless: self.nameless.part(), ..*self }
    }

    fn row(
        &mut self,
        selection: &Selection<'_>,
        rows: usize,
        line: u64,
        record: &impl Record,
        values: &mut Vec<f32>,
    ) -> Result<()> {
        self.nameless.look(rows, record, selection.marks);
        for (i, &place) in selection.used.iter().enumerate() {
            let column = &self.names[place];
            let wrong = |what| Error::data(self.path, format!("line {line}, column `{column}`: {what}"));
            values.push(self.learner.cell(i, cell(record, place, selection.marks)).map_err(wrong)?);
        }
        Ok(())
    }

    fn append(&mut self, part: Self, rows: usize, values: &mut [f32]) -> bool {
        let agreed = self.learner.append(part.learner, values);
        if agreed {
            self.nameless.append(&part.nameless, rows);
        }
        agreed
    }
}

impl Inputs for Lines<'_> {
    fn part(&self) -> Self {
        self.part()
    }

    fn row(
        &mut self,
        selection: &Selection<'_>,
        _rows: usize,
        line: u64,
        record: &impl Record,
        values: &mut Vec<f32>,
    ) -> Result<()> {
        let Selection { used, marks, .. } = selection;
        self.row(line, used.iter().map(|&place| cell(record, place, marks)), values)
    }

    fn append(&mut self, part: Self, _rows: usize, _values: &mut [f32]) -> bool {
        self.append(part);
        true
    }
}
