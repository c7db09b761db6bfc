//! Iterates over the lines of a file.

use std::io::Read;
use std::path::Path;

use ::csv::StringRecord;

use super::Config;
use crate::data::formats::csv::{cell, is_missing, open, places, unreadable};
use crate::error::{Error, Result};

/// A file whose first line has been read.
pub(super) struct Opened<R> {
    reader: ::csv::Reader<R>,
    /// The names of its columns, or their numbers if it has no header.
    pub names: Vec<String>,
    /// The first line, if it is not a header.
    first: Option<StringRecord>,
    /// The indices of the target columns.
    pub targets: Vec<usize>,
}

/// The columns in which a missing value drops the line.
pub(super) struct Dropped<'a> {
    pub used: &'a [usize],
    /// Whether the targets are among them.
    pub labels: bool,
    /// Additional texts that mean a missing value.
    pub marks: &'a [String],
}

impl<R: Read> Opened<R> {
    /// Passes every line to `row`: its number, its cells, and the indices of the targets.
    pub fn rows(
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
            let marks = dropped.map_or(&[][..], |dropped| dropped.marks);
            let gap = |&place: &usize| is_missing(cell(&record, place, marks));
            if let Some(Dropped { used, labels, .. }) = dropped
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
            let why =
                if left_out > 0 { ": every line has a missing value (`missing = \"drop\"`)" } else { "" };
            return Err(Error::data(path, format!("has no samples{why}")));
        }
        if left_out > 0 {
            let all = kept + left_out;
            tracing::warn!(
                "{}: dropped {left_out} of {all} lines, which have missing values",
                path.display()
            );
        }
        Ok(())
    }
}

impl Config {
    /// Reads the first line.
    pub(super) fn open<R: Read>(&self, path: &Path, content: R) -> Result<Opened<impl Read>> {
        let mut reader = open(path, content, self.delimiter)?;
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
}
