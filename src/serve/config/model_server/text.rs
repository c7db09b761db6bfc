//! Protocol buffers in text format, as files of `tensorflow_model_server` are written
//! (<https://protobuf.dev/reference/protobuf/textformat-spec/>): fields without their types.

use std::iter::Peekable;
use std::str::Chars;

/// The deepest nesting that is read.
const DEPTH: usize = 32;

/// A field of a message.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Where it begins.
    pub place: Place,
    /// Its value.
    pub value: Value,
}

/// The value of a field. A list becomes several fields with the same name.
#[derive(Debug, PartialEq, Eq)]
pub enum Value {
    /// A string in quotes.
    Text(String),
    /// A number, or a word such as `true`.
    Word(String),
    /// A message.
    Fields(Vec<Field>),
}

/// A line and a column, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// What is wrong, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub place: Place,
    /// What.
    pub message: String,
}

/// The fields of the message in `text`.
///
/// # Errors
/// The first mistake.
pub fn parse(text: &str) -> Result<Vec<Field>, Mistake> {
    let mut reader = Reader { characters: text.chars().peekable(), place: Place { line: 1, column: 1 } };
    let mut fields = Vec::new();
    reader.fields(&mut fields, None, 0)?;
    Ok(fields)
}

struct Reader<'t> {
    characters: Peekable<Chars<'t>>,
    place: Place,
}

impl Reader<'_> {
    /// Reads fields up to the bracket `end`, or the end of the text.
    fn fields(&mut self, to: &mut Vec<Field>, end: Option<char>, depth: usize) -> Result<(), Mistake> {
        loop {
            match self.next_token() {
                Some(found) if Some(found) == end => {
                    self.step();
                    return Ok(());
                }
                None if end.is_none() => return Ok(()),
                Some(',' | ';') => {
                    self.step();
                }
                _ => self.field(to, depth)?,
            }
        }
    }

    /// Reads a field, which is several if its value is a list.
    fn field(&mut self, to: &mut Vec<Field>, depth: usize) -> Result<(), Mistake> {
        let (place, name) = (self.place, self.word());
        if name.is_empty() {
            return Err(self.expected("the name of a field"));
        }
        let has_colon = self.next_token() == Some(':');
        if has_colon {
            self.step();
        }
        let is_list = self.next_token() == Some('[');
        if !is_list {
            let value = self.value(has_colon, depth)?;
            to.push(Field { name, place, value });
            return Ok(());
        }
        self.step();
        loop {
            match self.next_token() {
                Some(']') => {
                    self.step();
                    return Ok(());
                }
                Some(',') => {
                    self.step();
                }
                _ => {
                    let value = self.value(has_colon, depth)?;
                    to.push(Field { name: name.clone(), place, value });
                }
            }
        }
    }

    /// Reads a value; only a message may follow its name without a colon.
    fn value(&mut self, has_colon: bool, depth: usize) -> Result<Value, Mistake> {
        let close = match self.next_token() {
            Some('{') => '}',
            Some('<') => '>',
            _ if !has_colon => return Err(self.expected("`:` or `{`")),
            Some(quote @ ('"' | '\'')) => return self.text(quote),
            _ => {
                let word = self.word();
                return if word.is_empty() { Err(self.expected("a value")) } else { Ok(Value::Word(word)) };
            }
        };
        if depth == DEPTH {
            return Err(self.mistake(format!("nested more than {DEPTH} deep")));
        }
        self.step();
        let mut fields = Vec::new();
        self.fields(&mut fields, Some(close), depth + 1)?;
        Ok(Value::Fields(fields))
    }

    /// Reads strings in quotes, of which several that follow each other are one.
    fn text(&mut self, mut quote: char) -> Result<Value, Mistake> {
        let mut text = String::new();
        loop {
            let start = self.place;
            self.step();
            loop {
                match self.step() {
                    Some(found) if found == quote => break,
                    Some('\\') => text.push(self.escaped()?),
                    None | Some('\n') => {
                        let message = format!("the string has no closing {quote}");
                        return Err(Mistake { place: start, message });
                    }
                    Some(other) => text.push(other),
                }
            }
            match self.next_token() {
                Some(next @ ('"' | '\'')) => quote = next,
                _ => return Ok(Value::Text(text)),
            }
        }
    }

    /// The character after a backslash.
    fn escaped(&mut self) -> Result<char, Mistake> {
        match self.step() {
            Some('n') => Ok('\n'),
            Some('t') => Ok('\t'),
            Some('r') => Ok('\r'),
            Some(plain @ ('\\' | '"' | '\'' | '?')) => Ok(plain),
            _ => {
                Err(self
                    .mistake("this escape sequence is not supported; write the character itself".to_owned()))
            }
        }
    }

    /// Reads letters, digits and the other characters of numbers and names.
    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(&next) = self.characters.peek() {
            if !(next.is_ascii_alphanumeric() || matches!(next, '_' | '.' | '-' | '+')) {
                break;
            }
            word.push(next);
            self.step();
        }
        word
    }

    /// The first character that is neither space nor in a comment.
    fn next_token(&mut self) -> Option<char> {
        let mut in_comment = false;
        loop {
            match *self.characters.peek()? {
                '\n' => in_comment = false,
                '#' => in_comment = true,
                other if !in_comment && !other.is_whitespace() => return Some(other),
                _ => {}
            }
            self.step();
        }
    }

    /// Reads a character.
    fn step(&mut self) -> Option<char> {
        let read = self.characters.next();
        match read {
            Some('\n') => self.place = Place { line: self.place.line + 1, column: 1 },
            Some(_) => self.place.column += 1,
            None => {}
        }
        read
    }

    fn expected(&mut self, what: &str) -> Mistake {
        let found =
            self.next_token().map_or_else(|| "the end of the file".to_owned(), |found| format!("`{found}`"));
        self.mistake(format!("expected {what}, found {found}"))
    }

    fn mistake(&self, message: String) -> Mistake {
        Mistake { place: self.place, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fields in a short form, to be compared.
    fn shown(fields: &[Field]) -> String {
        let value = |value: &Value| match value {
            Value::Text(text) => format!("{text:?}"),
            Value::Word(word) => word.clone(),
            Value::Fields(fields) => format!("({})", shown(fields)),
        };
        let all: Vec<String> =
            fields.iter().map(|field| format!("{}={}", field.name, value(&field.value))).collect();
        all.join(" ")
    }

    fn parsed(text: &str) -> String {
        shown(&parse(text).unwrap())
    }

    #[test]
    fn every_way_to_write_a_message_is_read() {
        assert_eq!(parsed(""), "");
        assert_eq!(parsed("a: 'x' b { c: 1, d: -2.5e3; e: true }"), r#"a="x" b=(c=1 d=-2.5e3 e=true)"#);
        assert_eq!(parsed("# first\na:1# last\n\tb:<c:2>"), "a=1 b=(c=2)");
        assert_eq!(parsed("v: [1, 2, 3] m [ {a: 1}, {a: 2} ] none: []"), "v=1 v=2 v=3 m=(a=1) m=(a=2)");
        assert_eq!(parsed("a: \"x\\\"y\\\\\" 'z' # of three\n \"\"  b: '#'"), r##"a="x\"y\\z" b="#""##);
    }

    #[test]
    fn mistakes_have_their_places() {
        for (text, line, column, message) in [
            ("a", 1, 2, "expected `:` or `{`, found the end of the file"),
            ("a 1", 1, 3, "expected `:` or `{`, found `1`"),
            ("a {\n  b: 1\n", 3, 1, "expected the name of a field, found the end of the file"),
            ("a: 1 }", 1, 6, "expected the name of a field, found `}`"),
            ("a:\n }", 2, 2, "expected a value, found `}`"),
            ("a: 'x\ny'", 1, 4, "the string has no closing '"),
            ("a: [1, {b: 2}", 1, 14, "expected a value, found the end of the file"),
            ("a: '\\x'", 1, 7, "this escape sequence is not supported; write the character itself"),
        ] {
            let mistake = parse(text).unwrap_err();
            let Place { line: found_line, column: found_column } = mistake.place;
            assert_eq!(
                (found_line, found_column, mistake.message.as_str()),
                (line, column, message),
                "{text}"
            );
        }
        let deep = "a{".repeat(100);
        assert!(parse(&deep).unwrap_err().message.contains("nested"), "{deep}");
    }
}
