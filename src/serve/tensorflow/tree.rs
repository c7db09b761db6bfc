//! A JSON value as a tree, for the rare requests that are not regular lists of numbers.

use crate::serve::json::{Cursor, Invalid, shortened};

/// The deepest value that is read as a tree.
const DEEPEST: usize = 64;
const DEEP: &str = "is nested more than 64 levels deep";

/// The most values in a tree: they take up to sixty times the memory of their text.
const MOST: usize = 1 << 19;
const MANY: &str =
    "has more than 524,288 values that are not in regular lists of numbers; send fewer samples at once";

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree<'a> {
    /// `null`, `true`, `false` or a string, as it is written.
    Other(&'a str),
    /// A number as it is written, and its value.
    Number(&'a str, f64),
    /// A list.
    List(Vec<Tree<'a>>),
    /// An object, with its text.
    Object(&'a str, Vec<(String, Tree<'a>)>),
}

impl<'a> Tree<'a> {
    /// The tree of `text`, which is valid JSON.
    ///
    /// # Errors
    /// If it is deeper than [`DEEPEST`] or has more than [`MOST`] values: the end of a sentence about it for the client.
    pub fn read(text: &'a str) -> Result<Self, &'static str> {
        let mut left = MOST;
        Self::at(text, DEEPEST, &mut left)
    }

    /// Reads a value of at most `depth` levels, and takes the number of values in its lists and objects from `left`.
    fn at(text: &'a str, depth: usize, left: &mut usize) -> Result<Self, &'static str> {
        let below = depth.checked_sub(1).ok_or(DEEP)?;
        let mut cursor = Cursor::new(text);
        let mut take = |cursor: &mut Cursor<'a>| {
            *left = left.checked_sub(1).ok_or_else(|| cursor.invalid(MANY))?;
            cursor.skip()
        };
        match text.as_bytes().first() {
            Some(b'[') => {
                let mut texts = Vec::new();
                cursor.elements(|cursor| take(cursor).map(|text| texts.push(text))).map_err(message)?;
                let elements = texts.into_iter().map(|text| Self::at(text, below, left));
                elements.collect::<Result<_, _>>().map(Self::List)
            }
            Some(b'{') => {
                let mut members = Vec::new();
                let read = |name: &str, cursor: &mut Cursor<'a>| {
                    take(cursor).map(|text| members.push((name.to_owned(), text)))
                };
                cursor.object(read).map_err(message)?;
                let member = |(name, text)| Self::at(text, below, left).map(|value| (name, value));
                let members = members.into_iter().map(member).collect::<Result<_, _>>()?;
                Ok(Self::Object(text, members))
            }
            Some(b'"' | b't' | b'f' | b'n') => Ok(Self::Other(text)),
            _ => Ok(Self::Number(text, number(text))),
        }
    }

    /// The name of its type in `RapidJSON`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Other(text) => match text.as_bytes().first() {
                Some(b'n') => "Null",
                Some(b't') => "True",
                Some(b'f') => "False",
                _ => "String",
            },
            Self::Number(..) => "Number",
            Self::List(_) => "Array",
            Self::Object(..) => "Object",
        }
    }

    /// The content of a string.
    #[must_use]
    pub fn string(&self) -> Option<String> {
        match self {
            Self::Other(text) if text.starts_with('"') => serde_json::from_str(text).ok(),
            _ => None,
        }
    }

    /// Whether it is `{"b64": "…"}`, the content of a file.
    #[must_use]
    pub fn is_file(&self) -> bool {
        let Self::Object(_, members) = self else { return false };
        matches!(members.as_slice(), [(name, value)] if name == "b64" && value.kind() == "String")
    }

    /// The bytes that `{"b64": "…"}` stands for; an error if it is one, but cannot be decoded.
    #[must_use]
    pub fn base64(&self) -> Option<Result<Vec<u8>, String>> {
        use base64::Engine as _;
        let Self::Object(_, members) = self else { return None };
        match members.as_slice() {
            [(name, value)] if name == "b64" => {
                let text = value.string()?;
                let decoded = base64::engine::general_purpose::STANDARD.decode(text.as_bytes());
                Some(decoded.map_err(|_| "Unable to base64 decode".to_owned()))
            }
            _ => None,
        }
    }

    /// Its JSON.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Other(text) | Self::Number(text, _) | Self::Object(text, _) => (*text).to_owned(),
            Self::List(elements) => {
                let elements: Vec<String> = elements.iter().map(Self::text).collect();
                format!("[{}]", elements.join(","))
            }
        }
    }

    /// How it is quoted in errors: at most 256 bytes.
    #[must_use]
    pub fn quoted(&self) -> String {
        shortened(&self.text())
    }
}

fn message(invalid: Invalid) -> &'static str {
    invalid.message
}

fn number(text: &str) -> f64 {
    match text.trim_start_matches('-') {
        "NaN" => f64::NAN,
        "Inf" | "Infinity" if text.starts_with('-') => f64::NEG_INFINITY,
        "Inf" | "Infinity" => f64::INFINITY,
        _ => text.parse().unwrap_or(f64::NAN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_have_limits() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(Tree::read(&nested(DEEPEST)).is_ok());
        assert_eq!(Tree::read(&nested(DEEPEST + 1)), Err(DEEP));
        assert!(DEEP.contains(&DEEPEST.to_string()));
        let list = |count: usize| format!("[{}1]", "1,".repeat(count - 1));
        assert!(Tree::read(&list(MOST)).is_ok());
        assert_eq!(Tree::read(&list(MOST + 1)), Err(MANY));
        // However they are nested.
        let object = |count: usize| format!(r#"{{"a":{},"b":[[]]}}"#, list(count));
        assert!(Tree::read(&object(MOST - 3)).is_ok());
        assert_eq!(Tree::read(&object(MOST - 2)), Err(MANY));
        assert!(MANY.replace(',', "").contains(&MOST.to_string()));
    }
}
