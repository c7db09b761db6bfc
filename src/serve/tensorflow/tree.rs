//! A JSON value as a tree, for the rare requests that are not regular lists of numbers.

use crate::serve::json::{Cursor, shortened};

/// The deepest value that is read as a tree.
const DEEPEST: usize = 64;

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
    /// The tree of `text`, which is valid JSON; `None` if it is deeper than [`DEEPEST`].
    #[must_use]
    pub fn read(text: &'a str) -> Option<Self> {
        Self::at(text, DEEPEST)
    }

    fn at(text: &'a str, depth: usize) -> Option<Self> {
        let below = depth.checked_sub(1)?;
        let mut cursor = Cursor::new(text);
        match text.as_bytes().first()? {
            b'[' => {
                let mut texts = Vec::new();
                cursor.elements(|cursor| cursor.skip().map(|text| texts.push(text))).ok()?;
                texts.into_iter().map(|text| Self::at(text, below)).collect::<Option<_>>().map(Self::List)
            }
            b'{' => {
                let mut members = Vec::new();
                let read = |name: &str, cursor: &mut Cursor<'a>| {
                    let name = name.to_owned();
                    cursor.skip().map(|text| members.push((name, text)))
                };
                cursor.object(read).ok()?;
                let member = |(name, text)| Self::at(text, below).map(|value| (name, value));
                members.into_iter().map(member).collect::<Option<_>>().map(|all| Self::Object(text, all))
            }
            b'"' | b't' | b'f' | b'n' => Some(Self::Other(text)),
            _ => Some(Self::Number(text, number(text))),
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

fn number(text: &str) -> f64 {
    match text.trim_start_matches('-') {
        "NaN" => f64::NAN,
        "Inf" | "Infinity" if text.starts_with('-') => f64::NEG_INFINITY,
        "Inf" | "Infinity" => f64::INFINITY,
        _ => text.parse().unwrap_or(f64::NAN),
    }
}
