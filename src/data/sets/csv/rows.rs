//! Reads the rows of a file, several blocks at a time.

use std::io::Read;
use std::path::Path;

use ::csv::StringRecord;

use super::Config;
use crate::data::formats::csv::{Block, Blocks, Layout, Rows, blocks, first, places, separator, unreadable};
use crate::error::Result;

/// Blocks that are read at a time, for each thread: enough that all threads are done at about the same time.
const BLOCKS: usize = 4;

/// Limit on the columns of all blocks that are read at a time: what is known of each takes memory, too.
const MOST_COLUMNS: usize = 1 << 22;

/// A file whose first line has been read.
pub(super) struct Opened<S> {
    /// The names of its columns, or their numbers if it has no header.
    pub names: Vec<String>,
    /// The indices of the target columns.
    pub targets: Vec<usize>,
    /// Its rows.
    pub rows: S,
}

/// The rows of a file.
pub(super) trait ReadRows {
    /// Reads all rows.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) about the first row with an error.
    fn read(self, path: &Path, into: &mut impl Reading) -> Result<()>;
}

/// Rows that are read in blocks.
pub(super) struct InBlocks<R> {
    blocks: Blocks<R>,
    /// The first block, without the header.
    first: Option<Block>,
    delimiter: u8,
    /// The number of columns.
    width: usize,
    /// The length of the file in bytes, or 0 if it is unknown.
    length: u64,
}

/// What rows become. Rows that were read apart from those before them can be appended, with the same result as if all
/// had been read one after the other.
pub(super) trait Reading: Rows + Send + Sized {
    /// The same without any rows, to read those of a block.
    fn part(&self) -> Self;

    /// Appends the rows of `part`. Returns false, and changes nothing, if they contradict those before.
    fn append(&mut self, part: Self) -> bool;

    /// Prepares for `times` as many rows.
    fn reserve(&mut self, times: f64);
}

/// A block and what its rows become, if nothing is wrong with them.
struct Parsed<S> {
    block: Block,
    rows: Option<S>,
}

impl<R: Read> ReadRows for InBlocks<R> {
    /// Threads parse some blocks while this one collects the rows of the blocks before them and reads those after them. A
    /// block with an error is parsed again when it is its turn: what is wrong, and where, depends on the rows before it.
    fn read(mut self, path: &Path, into: &mut impl Reading) -> Result<()> {
        let layout = Layout { path, delimiter: self.delimiter, width: self.width };
        let count = (MOST_COLUMNS / self.width.max(1)).clamp(1, BLOCKS * rayon::current_num_threads());
        let (mut blocks, mut parsed) = (Vec::from_iter(self.first.take()), Vec::new());
        let mut estimated = false;
        loop {
            let parsed_by = |block| Parsed { block, rows: Some(into.part()) };
            let mut parsing: Vec<_> = blocks.into_iter().map(parsed_by).collect();
            blocks = rayon::in_place_scope(|scope| -> Result<Vec<Block>> {
                for block in &mut parsing {
                    scope.spawn(|_| block.parse(layout));
                }
                for Parsed { block, rows } in parsed.drain(..) {
                    if !rows.is_some_and(|rows| into.append(rows)) {
                        layout.rows(&block, into)?;
                    }
                    if !std::mem::replace(&mut estimated, true) {
                        into.reserve(self.length as f64 / block.text.len().max(1) as f64);
                    }
                    self.blocks.recycle(block);
                }
                Ok(self.blocks.several(count))
            })?;
            if parsing.is_empty() {
                return self.blocks.finish().map_err(|error| unreadable(path, &error.into()));
            }
            parsed = parsing;
        }
    }
}

impl<S> Opened<S> {
    /// A file with this first row.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if it lacks a target.
    pub fn new(config: &Config, path: &Path, first: &StringRecord, rows: S) -> Result<Self> {
        let names: Vec<String> = if config.has_headers {
            first.iter().map(str::to_owned).collect()
        } else {
            (0..first.len()).map(|column| column.to_string()).collect()
        };
        let targets = places(path, &names, config.target.names().iter())?;
        Ok(Self { names, targets, rows })
    }
}

impl<S: Reading> Parsed<S> {
    fn parse(&mut self, layout: Layout<'_>) {
        if let Some(mut rows) = self.rows.take()
            && layout.rows(&self.block, &mut rows).is_ok()
        {
            self.rows = Some(rows);
        }
    }
}

impl Config {
    /// Reads the first line. The file has `length` bytes, or an unknown number if that is 0.
    pub(super) fn open<R: Read>(
        &self,
        path: &Path,
        content: R,
        length: u64,
    ) -> Result<Opened<InBlocks<impl Read + use<R>>>> {
        self.begin(path, blocks(path, content, self.delimiter)?, length)
    }

    /// As [`open`](Self::open), from the first of `blocks`.
    pub(super) fn begin<R: Read>(
        &self,
        path: &Path,
        mut blocks: Blocks<R>,
        length: u64,
    ) -> Result<Opened<InBlocks<R>>> {
        let mut block = blocks.next();
        let row = if let Some(block) = &mut block {
            first(path, block, self.delimiter, !self.has_headers)?
        } else {
            blocks.finish().map_err(|error| unreadable(path, &error.into()))?;
            StringRecord::new()
        };
        let (first, delimiter, width) = (block, separator(self.delimiter), row.len());
        Opened::new(self, path, &row, InBlocks { blocks, first, delimiter, width, length })
    }
}
