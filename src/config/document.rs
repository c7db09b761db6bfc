//! A parsed config with the place of each key and value.

use std::ops::Range;

use super::problem::{Path, Segment};

/// A text with config values: a file, a `--set` argument or an environment variable.
#[derive(Clone, Debug)]
pub struct Text {
    /// Its name in messages.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// A place in a [`Text`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Index of the text.
    pub source: usize,
    /// Byte range in the text.
    pub span: Range<usize>,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// The place of the value.
    pub origin: Origin,
}

/// A value of TOML or JSON.
#[derive(Clone, Debug)]
pub enum Value {
    /// JSON's null: the key is not set.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Integer(i128),
    /// A float; in TOML it can be NaN or infinite.
    Float(f64),
    /// A string.
    String(String),
    /// A date or time of TOML; no key accepts one.
    Datetime,
    /// An array.
    Array(Vec<Node>),
    /// A table: keys with values, in file order.
    Table(Vec<Entry>),
}

/// One key of a table.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The place of the key.
    pub key_origin: Origin,
    /// The value.
    pub node: Node,
}

impl Entry {
    /// Whether the value is null, which means that the key is not set.
    #[must_use]
    pub fn is_unset(&self) -> bool {
        matches!(self.node.value, Value::Null)
    }
}

impl Node {
    /// The entry for `key`, if this is a table that contains it.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Table(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The place of `path`, or of its closest ancestor that exists.
    #[must_use]
    pub fn locate(&self, path: &Path, at_key: bool) -> Origin {
        let mut node = self;
        let mut origin = self.origin.clone();
        for segment in &path.0 {
            match (segment, &node.value) {
                (Segment::Key(key), _) if node.entry(key).is_some() => {
                    let Some(entry) = node.entry(key) else { break };
                    // Points at the key of a table: the table's own text may be the rest of the file.
                    let table = matches!(entry.node.value, Value::Table(_));
                    origin = if at_key || table { &entry.key_origin } else { &entry.node.origin }.clone();
                    node = &entry.node;
                }
                (Segment::Index(index), Value::Array(items)) if *index < items.len() => {
                    node = &items[*index];
                    origin = node.origin.clone();
                }
                _ => break,
            }
        }
        origin
    }

    /// The value without its places, for serde. To be called after the check: numbers that JSON cannot hold
    /// become null.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null | Value::Datetime => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Integer(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => value.into(),
                (_, Ok(value)) => value.into(),
                // No integer key allows such a value, so a float is expected here.
                _ => (*value as f64).into(),
            },
            Value::Float(value) => (*value).into(),
            Value::String(value) => value.as_str().into(),
            Value::Array(items) => items.iter().map(Self::to_json).collect(),
            Value::Table(entries) => entries
                .iter()
                .filter(|entry| !entry.is_unset())
                .map(|entry| (entry.key.clone(), entry.node.to_json()))
                .collect(),
        }
    }
}
