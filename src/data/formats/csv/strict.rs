//! Checks the quotes of CSV text and normalizes its line endings before it is parsed.

use std::io::{Error, ErrorKind, Read, Result};

/// The byte order mark that UTF-8 text may start with.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A reader that fails where a quote does not close its field; the parser would read everything that follows
/// as part of that field. Converts CR LF and CR to LF, so that line numbers agree with editors.
pub(super) struct Strict<R> {
    inner: R,
    delimiter: u8,
    place: Place,
    after_return: bool,
    /// The number of bytes read, up to the length of a byte order mark.
    start: usize,
    line: u64,
    /// The line of the last opening quote.
    opened: u64,
    /// The end of the last row that ended within the bytes of the last read.
    row_end: Option<usize>,
}

/// The position within a field.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Start,
    Plain,
    Quoted,
    /// After a quote that closes the field, unless another one follows.
    Closed,
    /// After blanks that follow the closing quote.
    Blanks,
}

impl<R> Strict<R> {
    pub fn new(inner: R, delimiter: u8) -> Self {
        Self {
            inner,
            delimiter,
            place: Place::Start,
            after_return: false,
            start: 0,
            line: 1,
            opened: 0,
            row_end: None,
        }
    }

    /// The end of the last row that ended within the bytes of the last read, counted from their start.
    pub fn row_end(&self) -> Option<usize> {
        self.row_end
    }

    /// Follows `bytes` at once if nothing in them needs a closer look; returns whether it did.
    fn skip(&mut self, bytes: &[u8]) -> bool {
        let Some(last) = bytes.last() else { return true };
        let within = matches!(self.place, Place::Start | Place::Plain) && !self.after_return;
        if !within || self.start < BYTE_ORDER_MARK.len() || contains(bytes, b'"') || contains(bytes, b'\r') {
            return false;
        }
        self.place = if *last == self.delimiter || *last == b'\n' { Place::Start } else { Place::Plain };
        self.line += line_ends(bytes);
        self.row_end = bytes.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1);
        true
    }

    fn follow(&mut self, byte: u8) -> Result<()> {
        if self.start < BYTE_ORDER_MARK.len() {
            let expected = BYTE_ORDER_MARK[self.start];
            self.start = if byte == expected { self.start + 1 } else { BYTE_ORDER_MARK.len() };
            if byte == expected {
                return Ok(());
            }
        }
        let ends = byte == self.delimiter || byte == b'\n';
        self.place = match (self.place, byte) {
            (Place::Quoted, b'"') => Place::Closed,
            (Place::Quoted, _) | (Place::Closed, b'"') => Place::Quoted,
            (Place::Start, b'"') => {
                self.opened = self.line;
                Place::Quoted
            }
            _ if ends => Place::Start,
            (Place::Start | Place::Plain, _) => Place::Plain,
            (Place::Closed | Place::Blanks, b' ' | b'\t') => Place::Blanks,
            (Place::Closed | Place::Blanks, _) => {
                return Err(self.wrong("text follows a closing quote"));
            }
        };
        self.line += u64::from(byte == b'\n');
        Ok(())
    }

    fn wrong(&self, what: &str) -> Error {
        let message =
            format!("line {}: {what}; double each quote within a quoted field, or remove it", self.opened);
        Error::new(ErrorKind::InvalidData, message)
    }
}

/// Whether `wanted` is one of `bytes`.
pub(super) fn contains(bytes: &[u8], wanted: u8) -> bool {
    // Without an early exit within a part, so that it compiles to vector instructions.
    bytes.chunks(4096).any(|part| part.iter().fold(0, |found, byte| found | u8::from(*byte == wanted)) > 0)
}

/// The number of line feeds in `bytes`.
pub(super) fn line_ends(bytes: &[u8]) -> u64 {
    // Sums of a byte each need no conversion in between.
    let ends = |part: &[u8]| part.iter().fold(0_u8, |sum, byte| sum + u8::from(*byte == b'\n'));
    bytes.chunks(255).map(|part| u64::from(ends(part))).sum()
}

impl<R: Read> Read for Strict<R> {
    fn read(&mut self, to: &mut [u8]) -> Result<usize> {
        loop {
            let count = self.inner.read(to)?;
            if count == 0 && self.place == Place::Quoted && !to.is_empty() {
                return Err(self.wrong("unclosed quote"));
            }
            self.row_end = None;
            if self.skip(&to[..count]) {
                return Ok(count);
            }
            let mut kept = 0;
            for i in 0..count {
                let of_pair = std::mem::replace(&mut self.after_return, to[i] == b'\r') && to[i] == b'\n';
                if !of_pair {
                    to[kept] = if to[i] == b'\r' { b'\n' } else { to[i] };
                    self.follow(to[kept])?;
                    kept += 1;
                    if to[kept - 1] == b'\n' && self.place == Place::Start {
                        self.row_end = Some(kept);
                    }
                }
            }
            if kept > 0 {
                return Ok(kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns one byte at a time.
    struct Single<'a>(&'a [u8]);

    impl Read for Single<'_> {
        fn read(&mut self, to: &mut [u8]) -> Result<usize> {
            self.0.read(&mut to[..1])
        }
    }

    fn read(text: &str) -> std::result::Result<String, String> {
        let whole = |mut from: Box<dyn Read + '_>| {
            let mut read = String::new();
            from.read_to_string(&mut read).map(|_| read).map_err(|error| error.to_string())
        };
        let bytes = text.as_bytes();
        let at_once = whole(Box::new(Strict::new(bytes, b',')));
        assert_eq!(at_once, whole(Box::new(Strict::new(Single(bytes), b','))));
        at_once
    }

    #[test]
    fn well_quoted_text_passes_and_line_ends_are_normalized() {
        for text in
            ["", "a,b\n1,2", "\"a\"\"b\",\"c\n,\"\n", "a\"b,c\n", "\"a\" ,b\n", "\u{feff}\"a\",b\n", "\"\"\n"]
        {
            assert_eq!(read(text).as_deref(), Ok(text));
        }
        assert_eq!(read("a\r\nb\rc\r\n\r\n").as_deref(), Ok("a\nb\nc\n\n"));
    }

    #[test]
    fn a_quote_that_does_not_close_its_field_is_an_error_with_its_line() {
        assert!(read("a,b\r\n1,\"2\r\n3,4\r\n").unwrap_err().contains("line 2: unclosed quote"));
        assert!(read("\u{feff}\"a,b\n").unwrap_err().contains("line 1: unclosed quote"));
        // The next quote closes it; the text that follows shows that it was meant to open a field.
        assert!(read("a\n\"1\n2\n\"3\n").unwrap_err().contains("line 2: text follows"));
        assert!(read("\"a\" \"b\"\n").unwrap_err().contains("line 1: text follows"));
    }
}
