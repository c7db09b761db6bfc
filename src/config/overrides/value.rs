//! Parses the value of a `--set`, which may lack quotes.

use serde_json::Value as Json;

use crate::config::check::PLAIN_PATH;
use crate::config::diagnostics::Finding;
use crate::config::document::{Entry, Node, Origin, Value};
use crate::config::parse as syntax;
use crate::config::places::{child, resolved};

/// The value in `text`, which starts at `offset` of text number `source`: TOML, else JSON, else an array of
/// unquoted strings, else a string.
pub(super) fn parse(text: &str, source: usize, offset: usize) -> Result<Node, Finding> {
    let word = text.trim();
    let offset = offset + (text.len() - text.trim_start().len());
    let origin = Origin { source, span: offset..offset + word.len() };
    let as_word = || {
        let value = if word == "null" { Value::Null } else { Value::String(word.to_owned()) };
        Node { value, origin: origin.clone() }
    };
    let structured = word.starts_with(['{', '[', '"', '\'']);
    let read = syntax::toml_value(word, source, offset);
    let read = read.or_else(|| syntax::json_value(word, source, offset).filter(|_| structured));
    match read.or_else(|| words(word, source, offset)) {
        Some(node) => Ok(node),
        None if structured => {
            let message = "not a valid TOML value".to_owned();
            let help = if word.starts_with('"') && word.contains('\\') {
                PLAIN_PATH
            } else {
                "close every quote and bracket, and quote the whole argument for the shell, as in \
                 --set 'optimizer={sgd={learning_rate=0.1}}'"
            };
            Err(Finding::new(message, Some(origin.clone())).with_help(help))
        }
        None => Ok(as_word()),
    }
}

/// An array with unquoted strings, as in `[age, income, "a, b"]`.
fn words(text: &str, source: usize, offset: usize) -> Option<Node> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let mut quote = None;
    let comma = |c: char| {
        match quote {
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(open) if c == open => quote = None,
            _ => {}
        }
        quote.is_none() && c == ','
    };
    let mut at = offset + 1;
    let mut items = Vec::new();
    for part in inner.split(comma) {
        let start = at + (part.len() - part.trim_start().len());
        at += part.len() + 1;
        let word = part.trim();
        let span = start..start + word.len();
        let plain = || Node { value: Value::String(word.to_owned()), origin: Origin { source, span } };
        match syntax::toml_value(word, source, start) {
            Some(value) => items.push(value),
            None if word.contains(['[', ']', '{', '}', '"', '\'']) => return None,
            None => items.push(plain()),
        }
    }
    Some(Node { value: Value::Array(items), origin: Origin { source, span: offset..offset + text.len() } })
}

/// Converts `node`, parsed from `text`, to the type in `schema` where that is unambiguous: a number becomes a
/// string, and the name of a member a section with that member.
pub(super) fn fit(node: &mut Node, text: &str, root: &Json, schema: &Json) {
    let schema = resolved(root, schema);
    let member = match &node.value {
        Value::String(word) => Some(word.clone()).filter(|word| is_member(schema, word)),
        _ => None,
    };
    if let Some(key) = member {
        let empty = Node { value: Value::Table(Vec::new()), origin: node.origin.clone() };
        node.value = Value::Table(vec![Entry { key, key_origin: node.origin.clone(), node: empty }]);
        return;
    }
    match &mut node.value {
        Value::Array(items) => {
            if let Some(of) = child(root, schema, "0") {
                for item in items {
                    fit(item, text, root, of);
                }
            }
        }
        Value::Table(entries) => {
            for entry in entries {
                if let Some(of) = child(root, schema, &entry.key) {
                    fit(&mut entry.node, text, root, of);
                }
            }
        }
        Value::Null | Value::String(_) => {}
        _ if is_text(schema) => {
            let written = text.get(node.origin.span.clone()).unwrap_or_default();
            node.value = Value::String(written.trim().to_owned());
        }
        _ => {}
    }
}

/// Whether `word` is a member of the section with this schema.
fn is_member(schema: &Json, word: &str) -> bool {
    let choices = schema["oneOf"].as_array().into_iter().flatten();
    choices.filter(|choice| choice["hidden"] != true).any(|choice| choice["properties"].get(word).is_some())
}

/// Whether the only type allowed, apart from an array, is a string.
fn is_text(schema: &Json) -> bool {
    match &schema["type"] {
        Json::String(name) => name == "string",
        Json::Array(names) => names.iter().all(|name| name == "string" || name == "null"),
        _ => {
            let forms = || schema["anyOf"].as_array().into_iter().flatten();
            forms().any(is_text) && forms().all(|form| is_text(form) || form["type"] == "array")
        }
    }
}
