//! Cuts CSV text into blocks of whole rows, which can be parsed at the same time.

use std::io::{Error, Read, Result};

use super::strict::{Strict, line_ends};

/// Bytes of a block; a longer row has a block of its own.
const SIZE: usize = 1 << 19;

/// Limit on the bytes of several blocks.
const MOST_BYTES: usize = 1 << 26;

/// Bytes of a read. As many as the parser reads at once, so that text up to a wrong quote is read as by the parser.
const READ: usize = 1 << 13;

/// Whole rows of a file, with LF line endings. The last row of a file may lack one.
pub(in crate::data) struct Block {
    pub text: Vec<u8>,
    /// The line after the row before, which counts as the line of the first row, also if it is blank.
    pub line: u64,
    /// The number of blank lines between that line and `text`.
    pub skipped: u64,
}

/// A file as blocks.
pub(in crate::data) struct Blocks<R> {
    strict: Strict<R>,
    size: usize,
    /// Bytes of a read.
    read: usize,
    /// What has been read and is not part of a block yet.
    text: Vec<u8>,
    /// The end of the last row in `text`.
    end: usize,
    /// As in [`Block`].
    line: u64,
    skipped: u64,
    /// Why nothing more can be read.
    failed: Option<Error>,
    ended: bool,
    /// Memory of former blocks.
    spare: Vec<Vec<u8>>,
}

impl Block {
    /// Takes a number of bytes away from the start.
    pub(super) fn take(&mut self, bytes: usize) {
        let taken = self.text.drain(..bytes.min(self.text.len()));
        let lines = line_ends(taken.as_slice());
        if lines > 0 {
            self.line += self.skipped + lines;
            self.skipped = 0;
        }
    }
}

impl<R: Read> Blocks<R> {
    pub(super) fn new(strict: Strict<R>) -> Self {
        Self {
            strict,
            size: SIZE,
            read: READ,
            text: Vec::new(),
            end: 0,
            line: 1,
            skipped: 0,
            failed: None,
            ended: false,
            spare: Vec::new(),
        }
    }

    /// The same in blocks of `size` bytes or a little more, for tests.
    #[cfg(test)]
    pub fn of_size(self, size: usize) -> Self {
        Self { size, read: size.min(READ), ..self }
    }

    /// The next `count` blocks, or fewer at the end of the file and where rows are long.
    pub fn several(&mut self, count: usize) -> Vec<Block> {
        let (mut blocks, mut bytes) = (Vec::new(), 0);
        while blocks.len() < count && bytes < MOST_BYTES {
            let Some(block) = self.next() else { break };
            bytes += block.text.len();
            blocks.push(block);
        }
        blocks
    }

    /// Takes the memory of a block that is no longer needed.
    pub fn recycle(&mut self, block: Block) {
        // A long row is an exception, whose memory would be wasted on others.
        if block.text.capacity() <= 2 * (self.size + self.read) {
            self.spare.push(block.text);
        }
    }

    /// The next block; none at the end of the file, or of what can be read.
    pub fn next(&mut self) -> Option<Block> {
        loop {
            let complete = self.ended || self.failed.is_some();
            if (complete || self.text.len() >= self.size)
                && let Some(block) = self.cut()
            {
                return Some(block);
            }
            if complete {
                return None;
            }
            self.fill();
        }
    }

    /// After the last block.
    ///
    /// # Errors
    /// If the rest of the file cannot be read, or a quote is wrong.
    pub fn finish(&mut self) -> Result<()> {
        self.failed.take().map_or(Ok(()), Err)
    }

    fn fill(&mut self) {
        let start = self.text.len();
        self.text.resize(start + self.read, 0);
        let read = self.strict.read(&mut self.text[start..]);
        self.text.truncate(start + read.as_ref().copied().unwrap_or(0));
        match read {
            Ok(0) => {
                self.ended = true;
                self.end = self.text.len();
            }
            Ok(_) => self.end = self.strict.row_end().map_or(self.end, |end| start + end),
            Err(error) => self.failed = Some(error),
        }
    }

    /// Cuts a block at the end of the last row. Blank lines after it are left to the next block, because they decide
    /// which line number the row after them has.
    fn cut(&mut self) -> Option<Block> {
        let filled = self.text[..self.end].iter().rposition(|byte| *byte != b'\n');
        let Some(last) = filled else {
            self.skipped += self.end as u64;
            self.text.drain(..self.end);
            self.end = 0;
            return None;
        };
        let end = (last + 2).min(self.end);
        let mut text = self.spare.pop().unwrap_or_default();
        text.clear();
        text.extend_from_slice(&self.text[end..]);
        std::mem::swap(&mut text, &mut self.text);
        text.truncate(end);
        self.end -= end;
        let block = Block { line: self.line, skipped: self.skipped, text };
        self.line += block.skipped + line_ends(&block.text);
        self.skipped = 0;
        Some(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks of at least one byte of a file that is read in these parts.
    fn of(parts: [&'static str; 4]) -> Blocks<impl Read> {
        let [first, second, third, fourth] = parts.map(str::as_bytes);
        let content = first.chain(second).chain(third).chain(fourth);
        Blocks { size: 1, ..Blocks::new(Strict::new(content, b',')) }
    }

    #[test]
    fn a_block_ends_with_a_row_and_has_its_line() {
        let mut blocks = of(["a,b\r\n1,2", "\n\n\n", "3,\"4\n", "\n4\"\r5,"]);
        let mut found = Vec::new();
        while let Some(Block { text, line, skipped }) = blocks.next() {
            found.push((line, skipped, String::from_utf8(text).unwrap()));
        }
        assert!(blocks.finish().is_ok());
        let expected = [(1, 0, "a,b\n"), (2, 0, "1,2\n"), (3, 2, "3,\"4\n\n4\"\n"), (8, 0, "5,")];
        assert_eq!(found, expected.map(|(line, skipped, text)| (line, skipped, text.to_owned())));
    }

    #[test]
    fn rows_before_a_wrong_quote_are_read() {
        let mut blocks = of(["a\n", "1\n2", "\n\"3\"x", ""]);
        assert_eq!([(); 2].map(|()| blocks.next().unwrap().text), [b"a\n", b"1\n"]);
        assert!(blocks.next().is_none());
        assert!(blocks.finish().unwrap_err().to_string().contains("line 4: text follows a closing quote"));
    }

    #[test]
    fn blank_lines_take_no_memory() {
        let lines = 1 << 24;
        let content = std::io::repeat(b'\n').take(lines).chain(&b"1\n"[..]);
        let mut blocks = Blocks::new(Strict::new(content, b','));
        let block = blocks.next().unwrap();
        assert_eq!((block.line, block.skipped, &block.text[..]), (1, lines, &b"1\n"[..]));
        assert!(blocks.next().is_none());
        assert!(block.text.capacity().max(blocks.text.capacity()) < 4 * SIZE);
    }
}
