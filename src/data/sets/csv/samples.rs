//! Samples from the rows of a file.

use std::path::Path;

use super::labels::Labels;
use super::line_numbers::LineNumbers;
use super::rows::Reading;
use crate::data::formats::csv::{Record, Rows, cell, is_missing};
use crate::error::{Error, Result};

/// Which cells of a row are read.
pub(super) struct Selection<'a> {
    /// The indices of the columns that are inputs.
    pub used: Vec<usize>,
    /// The indices of the target columns.
    pub targets: Vec<usize>,
    /// Additional texts that mean a missing value.
    pub marks: &'a [String],
    /// The columns in which a missing value drops the line.
    pub dropped: Option<Dropped>,
}

/// The columns in which a missing value drops the line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dropped {
    Inputs,
    InputsAndTargets,
}

/// What becomes of the inputs of a row.
pub(super) trait Inputs: Send + Sized {
    /// The same before any row.
    fn part(&self) -> Self;

    /// Appends the values of a row, which follows `rows` others.
    ///
    /// # Errors
    /// [`Error::Data`] naming the line and the column.
    fn row(
        &mut self,
        selection: &Selection<'_>,
        rows: usize,
        line: u64,
        record: &impl Record,
        values: &mut Vec<f32>,
    ) -> Result<()>;

    /// Continues after the rows of `part`, which follow `rows` others, and changes its `values` as if they had been read
    /// here. Returns false, and changes nothing, if they contradict those before.
    fn append(&mut self, part: Self, rows: usize, values: &mut [f32]) -> bool;
}

/// The rows that have been read.
pub(super) struct Samples<'a, I> {
    selection: &'a Selection<'a>,
    pub inputs: I,
    pub values: Vec<f32>,
    pub labels: Labels,
    pub lines: LineNumbers,
    dropped: usize,
}

impl<'a, I: Inputs> Samples<'a, I> {
    /// No samples; they will have these `inputs` and `labels`.
    pub fn new(selection: &'a Selection<'a>, inputs: I, labels: Labels) -> Self {
        Self { selection, inputs, values: Vec::new(), labels, lines: LineNumbers::default(), dropped: 0 }
    }

    /// Checks that there are samples, and warns about dropped lines.
    ///
    /// # Errors
    /// [`Error::Data`] if there are none.
    pub fn check(&self, path: &Path) -> Result<()> {
        let (kept, dropped) = (self.lines.count(), self.dropped);
        if kept == 0 {
            let why =
                if dropped > 0 { ": every line has a missing value (`missing = \"drop\"`)" } else { "" };
            return Err(Error::data(path, format!("has no samples{why}")));
        }
        if dropped > 0 {
            let all = kept + dropped;
            tracing::warn!("{}: dropped {dropped} of {all} lines, which have missing values", path.display());
        }
        Ok(())
    }
}

impl<I: Inputs> Rows for Samples<'_, I> {
    fn row(&mut self, line: u64, record: &impl Record) -> Result<()> {
        let Selection { used, targets, marks, dropped } = self.selection;
        let gap = |place: &usize| is_missing(cell(record, *place, marks));
        if dropped.is_some_and(|dropped| {
            used.iter().any(gap) || (dropped == Dropped::InputsAndTargets && targets.iter().any(gap))
        }) {
            self.dropped += 1;
            return Ok(());
        }
        self.inputs.row(self.selection, self.lines.count(), line, record, &mut self.values)?;
        for place in targets {
            self.labels.push(cell(record, *place, marks));
        }
        self.lines.push(line);
        Ok(())
    }
}

impl<I: Inputs> Reading for Samples<'_, I> {
    fn part(&self) -> Self {
        Self::new(self.selection, self.inputs.part(), self.labels.part())
    }

    fn append(&mut self, mut part: Self) -> bool {
        self.dropped += part.dropped;
        if part.lines.count() == 0 {
            return true;
        }
        if !self.inputs.append(part.inputs, self.lines.count(), &mut part.values) {
            self.dropped -= part.dropped;
            return false;
        }
        self.values.append(&mut part.values);
        self.labels.append(part.labels);
        self.lines.append(&part.lines);
        true
    }

    fn reserve(&mut self, times: f64) {
        // Without it, they take longer to grow.
        let _ = self.values.try_reserve((self.values.len() as f64 * times) as usize);
        self.labels.reserve(times);
    }
}
