//! A parsed config that remembers where each key and value was written.

use std::ops::Range;

use super::problem::{Path, Segment};

/// A text that config values come from: a file, a `--set`, an environment variable.
#[derive(Clone, Debug)]
pub struct Source {
    /// What to call it in messages.
    pub name: String,
    /// Its whole text.
    pub text: String,
}

/// Where in which [`Source`] something was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Index of the source.
    pub source: usize,
    /// Byte range in its text.
    pub span: Range<usize>,
}

/// A value and where it was written.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it was written.
    pub origin: Origin,
}

/// What TOML and JSON have in common.
#[derive(Clone, Debug)]
pub enum Value {
    /// JSON's null: stands for "not set".
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// Any other number; TOML allows NaN and infinity here.
    Float(f64),
    /// A text.
    String(String),
    /// A date or time of TOML, which no option takes.
    Datetime,
    /// A list.
    Array(Vec<Node>),
    /// Keys with values, in file order.
    Table(Vec<Entry>),
}

/// One key of a table.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key was written.
    pub key_origin: Origin,
    /// Its value.
    pub node: Node,
}

impl Entry {
    /// Whether this says no more than that the key is not set.
    #[must_use]
    pub fn is_unset(&self) -> bool {
        matches!(self.node.value, Value::Null)
    }
}

impl Node {
    /// The entry under `key`, if this is a table that has it.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Table(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// Where `path` was written, or its closest ancestor that was.
    #[must_use]
    pub fn locate(&self, path: &Path, at_key: bool) -> Origin {
        let mut node = self;
        let mut origin = self.origin.clone();
        for segment in &path.0 {
            match (segment, &node.value) {
                (Segment::Key(key), _) if node.entry(key).is_some() => {
                    let Some(entry) = node.entry(key) else { break };
                    // A table is pointed at by its key: its own text may be the rest of the file.
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

    /// The value without its origins, for serde. Call after the value was checked: numbers that
    /// JSON cannot hold become null.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null | Value::Datetime => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Integer(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => value.into(),
                (_, Ok(value)) => value.into(),
                // No whole number of a config is so large: it stands where any number may.
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
