//! A position in a JSON document.

use super::number;

/// A JSON document, read from the front.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// What makes a document invalid, in the words of `RapidJSON`, which clients of TensorFlow Serving expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// What is wrong.
    pub message: &'static str,
    /// The offset of the place, in bytes.
    pub offset: usize,
}

const EMPTY: &str = "The document is empty.";
const VALUE: &str = "Invalid value.";
const NAME: &str = "Missing a name for object member.";
const COLON: &str = "Missing a colon after a name of object member.";
const COMMA: &str = "Missing a comma or } after an object member.";
const ELEMENT: &str = "Missing a comma or ] after an array element.";
const QUOTE: &str = "Missing a closing quotation mark in string.";
const CONTROL: &str = "Invalid encoding in string.";
const ESCAPE: &str = "Invalid escape character in string.";
const MORE: &str = "The document root must not be followed by other values.";

impl<'a> Cursor<'a> {
    /// The start of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text: text.strip_prefix('\u{feff}').unwrap_or(text), at: 0 }
    }

    /// Whether the next value is an object. The document must not be empty.
    ///
    /// # Errors
    /// If it is.
    pub fn is_object(&mut self) -> Result<bool, Invalid> {
        match self.peek() {
            None => Err(self.invalid(EMPTY)),
            next => Ok(next == Some(b'{')),
        }
    }

    /// Calls `member` with the name of each member of the next value, an object; it must read the member's value.
    ///
    /// # Errors
    /// If the object is malformed, or `member` returns an error.
    pub fn object(
        &mut self,
        mut member: impl FnMut(&str, &mut Self) -> Result<(), Invalid>,
    ) -> Result<(), Invalid> {
        self.expect(b'{', VALUE)?;
        if self.skip_if(b'}') {
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.invalid(NAME));
            }
            let name = self.string()?;
            self.expect(b':', COLON)?;
            // A name with escapes is compared in its plain form.
            if name.contains('\\') {
                member(&serde_json::from_str::<String>(name).unwrap_or_default(), self)?;
            } else {
                member(&name[1..name.len() - 1], self)?;
            }
            if !self.skip_if(b',') {
                return self.expect(b'}', COMMA);
            }
        }
    }

    /// Calls `element` before each element of the next value, a list; it must read the element.
    ///
    /// # Errors
    /// If the list is malformed, or `element` returns an error.
    pub fn elements(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), Invalid>,
    ) -> Result<(), Invalid> {
        self.expect(b'[', VALUE)?;
        if self.skip_if(b']') {
            return Ok(());
        }
        loop {
            element(self)?;
            if !self.skip_if(b',') {
                return self.expect(b']', ELEMENT);
            }
        }
    }

    /// Reads a value of any kind and depth and returns its text.
    ///
    /// # Errors
    /// If it is malformed.
    pub fn skip(&mut self) -> Result<&'a str, Invalid> {
        // What closes the open lists and objects, one bit each, so that depth costs little memory.
        let mut open: Vec<u8> = Vec::new();
        let start = self.peek().map_or(self.at, |_| self.at);
        loop {
            match self.peek() {
                Some(b'[') => {
                    self.at += 1;
                    if !self.skip_if(b']') {
                        open.push(b']');
                        continue;
                    }
                }
                Some(b'{') => {
                    self.at += 1;
                    if !self.skip_if(b'}') {
                        self.name()?;
                        open.push(b'}');
                        continue;
                    }
                }
                Some(b'"') => drop(self.string()?),
                Some(_) => self.scalar()?,
                None => return Err(self.invalid(VALUE)),
            }
            loop {
                let Some(&close) = open.last() else {
                    return Ok(&self.text[start..self.at]);
                };
                if self.skip_if(b',') {
                    if close == b'}' {
                        self.name()?;
                    }
                    break;
                }
                self.expect(close, if close == b'}' { COMMA } else { ELEMENT })?;
                open.pop();
            }
        }
    }

    /// Ends the document: only spaces may follow.
    ///
    /// # Errors
    /// If anything else does.
    pub fn end(&mut self) -> Result<(), Invalid> {
        self.peek().map_or(Ok(()), |_| Err(self.invalid(MORE)))
    }

    /// The next byte that is not a space.
    pub fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(&next) = bytes.get(self.at) {
            if !matches!(next, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(next);
            }
            self.at += 1;
        }
        None
    }

    /// The bytes from the current position.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    /// Moves on by `count` bytes, all of them ASCII.
    pub(super) fn advance(&mut self, count: usize) {
        self.at += count;
    }

    /// Skips `byte` if it comes next.
    pub fn skip_if(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Fails with `message` unless the next value starts with `byte`.
    ///
    /// # Errors
    /// If it does not.
    pub fn require(&mut self, byte: u8, message: &'static str) -> Result<(), Invalid> {
        if self.peek() == Some(byte) { Ok(()) } else { Err(self.invalid(message)) }
    }

    fn expect(&mut self, byte: u8, message: &'static str) -> Result<(), Invalid> {
        if self.skip_if(byte) { Ok(()) } else { Err(self.invalid(message)) }
    }

    /// An error at the current position.
    #[must_use]
    pub fn invalid(&self, message: &'static str) -> Invalid {
        Invalid { message, offset: self.at }
    }

    fn name(&mut self) -> Result<(), Invalid> {
        if self.peek() != Some(b'"') {
            return Err(self.invalid(NAME));
        }
        self.string()?;
        self.expect(b':', COLON)
    }

    /// Reads a string and returns it with its quotation marks and escapes.
    fn string(&mut self) -> Result<&'a str, Invalid> {
        let (bytes, start) = (self.text.as_bytes(), self.at);
        self.at += 1;
        loop {
            match bytes.get(self.at) {
                None => return Err(self.invalid(QUOTE)),
                Some(b'"') => break,
                Some(b'\\') => {
                    let length = match bytes.get(self.at + 1) {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                        Some(b'u')
                            if bytes.len() >= self.at + 6
                                && bytes[self.at + 2..self.at + 6].iter().all(u8::is_ascii_hexdigit) =>
                        {
                            6
                        }
                        _ => return Err(self.invalid(ESCAPE)),
                    };
                    self.at += length;
                }
                Some(0..=31) => return Err(self.invalid(CONTROL)),
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        Ok(&self.text[start..self.at])
    }

    /// Skips a number, `true`, `false` or `null`.
    fn scalar(&mut self) -> Result<(), Invalid> {
        let rest = self.rest();
        let word = [&b"true"[..], b"false", b"null"].into_iter().find(|word| rest.starts_with(word));
        match word.map(<[u8]>::len).or_else(|| number::read(rest).map(|number| number.length)) {
            Some(length) => {
                self.at += length;
                Ok(())
            }
            None => Err(self.invalid(VALUE)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skip(text: &str) -> Result<&str, Invalid> {
        let mut cursor = Cursor::new(text);
        let found = cursor.skip()?;
        cursor.end().map(|()| found)
    }

    #[test]
    fn valid_values_are_skipped_whole() {
        for text in ["1", "-2.5e3", "\"a\\u00e9\\\"\"", "[]", "{}", "[1, {\"a\": [null]}]", "NaN", "true"] {
            assert_eq!(skip(text), Ok(text));
        }
        assert_eq!(skip(" [1] \n"), Ok("[1]"));
    }

    #[test]
    fn invalid_values_are_refused_where_they_go_wrong() {
        fn of(text: &str) -> Result<&str, (&'static str, usize)> {
            skip(text).map_err(|invalid| (invalid.message, invalid.offset))
        }
        assert_eq!(of("[1 2]"), Err((ELEMENT, 3)));
        assert_eq!(of("[1,]"), Err((VALUE, 3)));
        assert_eq!(of("{\"a\" 1}"), Err((COLON, 5)));
        assert_eq!(of("{1: 2}"), Err((NAME, 1)));
        assert_eq!(of("{\"a\": 1"), Err((COMMA, 7)));
        assert_eq!(of("\"a"), Err((QUOTE, 2)));
        assert_eq!(of("\"\\x\""), Err((ESCAPE, 1)));
        assert_eq!(of("01"), Err((MORE, 1)));
        assert_eq!(of("1 1"), Err((MORE, 2)));
        assert_eq!(of("[1}"), Err((ELEMENT, 2)));
    }

    #[test]
    fn depth_does_not_matter() {
        let deep = "[".repeat(500_000) + &"]".repeat(500_000);
        assert_eq!(skip(&deep).map(str::len), Ok(1_000_000));
    }

    #[test]
    fn members_are_read_by_name() {
        let mut found = Vec::new();
        let mut cursor = Cursor::new(r#"{"a": [1, 2], "b\u0063": "x", "d": {}}"#);
        let read = cursor.object(|name, cursor| {
            let name = name.to_owned();
            let value = cursor.skip()?;
            found.push((name, value.to_owned()));
            Ok(())
        });
        assert_eq!(read.and_then(|()| cursor.end()), Ok(()));
        let found: Vec<_> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, [("a", "[1, 2]"), ("bc", "\"x\""), ("d", "{}")]);
    }

    #[test]
    fn serde_json_and_the_cursor_agree_on_what_is_valid() {
        let mut stream = crate::random::Stream::new(3, crate::random::Purpose::Data, [0, 0]);
        let pieces =
            ["[", "]", "{", "}", ",", ":", "\"a\"", "1", "-0.5e1", "true", "null", " ", "\"\\n\"", "0"];
        let mut valid = 0;
        for _ in 0..200_000 {
            let count = 1 + stream.below(7);
            let text: String =
                (0..count).map(|_| pieces[stream.below(pieces.len() as u64) as usize]).collect();
            let expected = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            assert_eq!(skip(&text).is_ok(), expected, "{text}");
            valid += usize::from(expected);
        }
        assert!(valid > 5_000, "{valid}");
    }
}
