//! Checks the quotes of CSV text and normalizes its line endings before it is parsed.

use std::io::{Error, ErrorKind, Read, Result};

/// The byte order mark that UTF-8 text may start with.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

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
        Self { inner, delimiter, place: Place::Start, after_return: false, start: 0, line: 1, opened: 0 }
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

impl<R: Read> Read for Strict<R> {
    fn read(&mut self, to: &mut [u8]) -> Result<usize> {
        loop {
            let count = self.inner.read(to)?;
            if count == 0 && self.place == Place::Quoted && !to.is_empty() {
                return Err(self.wrong("unclosed quote"));
            }
            let mut kept = 0;
            for i in 0..count {
                let of_pair = std::mem::replace(&mut self.after_return, to[i] == b'\r') && to[i] == b'\n';
                if !of_pair {
                    to[kept] = if to[i] == b'\r' { b'\n' } else { to[i] };
                    self.follow(to[kept])?;
                    kept += 1;
                }
            }
            if kept > 0 || count == 0 {
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
