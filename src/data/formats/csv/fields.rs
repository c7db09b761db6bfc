//! The rows of a block.

use std::io::Read;
use std::path::Path;

use ::csv::StringRecord;

use super::blocks::Block;
use super::strict::contains;
use super::{parser, uneven, unreadable_at};
use crate::error::Result;

/// The fields of a row, without the blanks around them.
pub(in crate::data) trait Record {
    /// The text of the field `place`, counted from 0.
    fn field(&self, place: usize) -> Option<&str>;
}

impl Record for StringRecord {
    fn field(&self, place: usize) -> Option<&str> {
        self.get(place)
    }
}

/// A row of a text without quotes.
struct Plain<'a> {
    text: &'a str,
    start: usize,
    /// The end of each field in `text`.
    ends: &'a [usize],
}

impl Record for Plain<'_> {
    fn field(&self, place: usize) -> Option<&str> {
        let end = *self.ends.get(place)?;
        let start = place.checked_sub(1).map_or(self.start, |before| self.ends[before] + 1);
        let field = &self.text[start..end];
        let visible = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
        let bytes = field.as_bytes();
        Some(if visible(bytes.first()) && visible(bytes.last()) { field } else { field.trim() })
    }
}

/// What rows are passed to, with their line numbers.
pub(in crate::data) trait Rows {
    /// Reads a row.
    ///
    /// # Errors
    /// What is wrong with it.
    fn row(&mut self, line: u64, record: &impl Record) -> Result<()>;
}

/// How the text of a file is divided into fields.
#[derive(Clone, Copy)]
pub(in crate::data) struct Layout<'a> {
    pub path: &'a Path,
    pub delimiter: u8,
    /// The number of fields of each row.
    pub width: usize,
}

impl Layout<'_> {
    /// Passes each row of `block` to `rows`.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if a row has another number of fields or is not UTF-8; any of `rows`.
    pub fn rows(self, block: &Block, rows: &mut impl Rows) -> Result<()> {
        let quoted = contains(&block.text, b'"');
        match std::str::from_utf8(&block.text) {
            Ok(text) if !quoted => self.plain(text, block, rows),
            _ => self.quoted(block, rows),
        }
    }

    /// As [`rows`](Self::rows), for a text without quotes.
    fn plain(self, text: &str, block: &Block, rows: &mut impl Rows) -> Result<()> {
        let (mut start, mut ends) = (0, Vec::with_capacity(self.width.min(text.len())));
        let (mut lines, mut line) = (block.skipped, block.line);
        let mut row = |start: usize, ends: &[usize], line: u64| {
            if ends.len() != self.width {
                return Err(uneven(self.path, line, ends.len(), self.width));
            }
            rows.row(line, &Plain { text, start, ends })
        };
        for (at, byte) in text.bytes().enumerate() {
            if byte == self.delimiter {
                ends.push(at);
            } else if byte == b'\n' {
                lines += 1;
                if start < at {
                    ends.push(at);
                    row(start, &ends, line)?;
                    line = block.line + lines;
                    ends.clear();
                }
                start = at + 1;
            }
        }
        if start == text.len() {
            return Ok(());
        }
        ends.push(text.len());
        row(start, &ends, line)
    }

    /// As [`rows`](Self::rows), by the parser.
    fn quoted(self, block: &Block, rows: &mut impl Rows) -> Result<()> {
        // All rows have as many fields as the first one, so that the parser checks their number; and a byte order
        // mark means nothing after the start of a file.
        let delimiters = std::iter::repeat_n(self.delimiter, self.width.saturating_sub(1));
        let first: Vec<u8> = [b'"'; 2].into_iter().chain(delimiters).chain([b'\n']).collect();
        let mut reader = parser(self.delimiter).from_reader(first.as_slice().chain(&block.text[..]));
        let number = |line: u64| match line.saturating_sub(2) {
            0 => block.line,
            lines => block.line + block.skipped + lines,
        };
        let mut record = StringRecord::new();
        let mut read = |record: &mut StringRecord| {
            reader.read_record(record).map_err(|error| unreadable_at(self.path, &error, number))
        };
        read(&mut record)?;
        while read(&mut record)? {
            rows.row(number(record.position().map_or(0, ::csv::Position::line)), &record)?;
        }
        Ok(())
    }
}
