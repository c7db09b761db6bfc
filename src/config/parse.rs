//! Parses TOML and JSON into [`Node`]s.

use std::collections::HashSet;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::errors::ParseErrorKind;
use toml::de::{DeTable, DeValue};

use super::check::{MOST, PLAIN_PATH};
use super::diagnostics::Finding;
use super::document::{Entry, Node, Origin, Value};

/// The length in bytes up to which all syntax errors of a TOML document are reported. There can be one per byte,
/// and each takes a hundred times that memory.
const ALL_ERRORS: usize = 1 << 14;

/// Parses a TOML document. Reports all syntax errors, or only the first one of a long document.
pub(super) fn toml(text: &str, source: usize) -> Result<Node, Vec<Finding>> {
    let first = match DeTable::parse(text) {
        Ok(table) => {
            let value = toml_table(table.get_ref(), source);
            return Ok(Node { value, origin: Origin { source, span: 0..0 } });
        }
        Err(first) => first,
    };
    let errors = if text.len() > ALL_ERRORS { vec![first] } else { DeTable::parse_recoverable(text).1 };
    Err(errors.iter().map(|error| toml_error(error, text, source)).collect())
}

/// Parses one TOML value, as in `--set key=VALUE`, which starts at `offset` of its text.
pub(super) fn toml_value(text: &str, source: usize, offset: usize) -> Option<Node> {
    let value = DeValue::parse(text).ok()?;
    let mut node = toml_node(value.get_ref(), value.span(), source);
    shift(&mut node, offset);
    Some(node)
}

/// Parses one JSON value, which starts at `offset` of its text.
pub(super) fn json_value(text: &str, source: usize, offset: usize) -> Option<Node> {
    let mut node = json(text, source).ok()?;
    shift(&mut node, offset);
    Some(node)
}

/// Parses a JSON document strictly, without comments or trailing commas.
pub(super) fn json(text: &str, source: usize) -> Result<Node, Vec<Finding>> {
    let strict = jsonc_parser::ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let at = |span: std::ops::Range<usize>, message: String| {
        vec![Finding::new(message, Some(Origin { source, span }))]
    };
    let parsed = jsonc_parser::parse_to_ast(text, &jsonc_parser::CollectOptions::default(), &strict)
        .map_err(|error| {
            let range = error.range();
            let found = at(range.start..range.end, lower_first(&error.kind().to_string()));
            found.into_iter().map(|finding| finding.with_help(json_help(error.kind()))).collect::<Vec<_>>()
        })?;
    let Some(value) = parsed.value else {
        return Err(at(0..0, "the file is empty".to_owned()));
    };
    let mut duplicates = Vec::new();
    let node = json_node(&value, source, &mut duplicates);
    if duplicates.is_empty() { Ok(node) } else { Err(duplicates) }
}

fn toml_error(error: &toml::de::Error, text: &str, source: usize) -> Finding {
    let lines: Vec<&str> = error.message().lines().filter(|line| *line != "expected nothing").collect();
    let message = lines.join(", ");
    let nested = message.contains("recursion");
    let span = error.span().or_else(|| nested.then(|| most_dots(text)));
    let finding = Finding::new(message, span.map(|span| Origin { source, span }));
    if nested {
        finding.with_help("a config needs only a few levels of nesting")
    } else if escapes(error, text) {
        finding.with_help(PLAIN_PATH)
    } else if text.trim_start().starts_with('{') {
        finding.with_help("to write a config in JSON, give the file a name that ends in `.json`")
    } else if error.message().starts_with("string values must be quoted") {
        finding.with_help("write a string in quotes, a number, true, false, an [array] or a {table}")
    } else {
        finding
    }
}

/// Whether `error` is about an escape sequence in a string.
fn escapes(error: &toml::de::Error, text: &str) -> bool {
    let at = error.span().map_or(0, |span| text.floor_char_boundary(span.start.min(text.len())));
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let about = ["escape", "unicode", "hex"].iter().any(|word| error.message().contains(word));
    about && text[line..].lines().next().is_some_and(|line| line.contains('\\'))
}

/// The line with the most dots, where the parser does not report the place of a key with too many parts.
fn most_dots(text: &str) -> std::ops::Range<usize> {
    let mut start = 0;
    let lines = text.split_inclusive('\n').map(|line| {
        start += line.len();
        (line.matches('.').count(), start - line.len()..start)
    });
    lines.max_by_key(|(dots, span)| (*dots, std::cmp::Reverse(span.start))).map_or(0..0, |(_, span)| span)
}

/// The help for a syntax error in JSON.
fn json_help(kind: &ParseErrorKind) -> &'static str {
    use ParseErrorKind as Kind;
    match kind {
        Kind::CommentsNotAllowed | Kind::UnterminatedCommentBlock => {
            "JSON has no comments; remove it, or write the config in TOML"
        }
        Kind::TrailingCommasNotAllowed => "remove the comma after the last element",
        Kind::ExpectedComma => "put a comma between two elements",
        Kind::ExpectedStringObjectProperty => "put the key in double quotes",
        Kind::SingleQuotedStringsNotAllowed => "use double quotes",
        Kind::MultipleRootJsonValues => "remove what follows the config's closing brace",
        Kind::UnterminatedArray => "close the array with `]`",
        Kind::UnterminatedObject => "close the object with `}`",
        Kind::String(_) => "end the string with a double quote on the same line; write a backslash as `\\\\`",
        Kind::NestingDepthExceeded => "a config needs only a few levels of nesting",
        _ => "write a string in double quotes, a finite number, true, false, null, an [array] or an {object}",
    }
}

fn toml_table(table: &DeTable<'_>, source: usize) -> Value {
    let entries = table.iter().map(|(key, value)| Entry {
        key: key.get_ref().to_string(),
        key_origin: Origin { source, span: key.span() },
        node: toml_node(value.get_ref(), value.span(), source),
    });
    Value::Table(entries.collect())
}

fn toml_node(value: &DeValue<'_>, span: std::ops::Range<usize>, source: usize) -> Node {
    let value = match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .map_or(Value::Float(f64::INFINITY), Value::Integer),
        DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(_) => Value::Datetime,
        DeValue::Array(items) => {
            Value::Array(items.iter().map(|item| toml_node(item.get_ref(), item.span(), source)).collect())
        }
        DeValue::Table(table) => toml_table(table, source),
    };
    Node { value, origin: Origin { source, span } }
}

fn json_node(value: &ast::Value<'_>, source: usize, duplicates: &mut Vec<Finding>) -> Node {
    let range = value.range();
    let origin = Origin { source, span: range.start..range.end };
    let value = match value {
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::BooleanLit(literal) => Value::Bool(literal.value),
        ast::Value::StringLit(literal) => Value::String(literal.value.to_string()),
        ast::Value::NumberLit(literal) => literal
            .value
            .parse()
            .map_or_else(|_| Value::Float(literal.value.parse().unwrap_or(f64::NAN)), Value::Integer),
        ast::Value::Array(array) => {
            Value::Array(array.elements.iter().map(|item| json_node(item, source, duplicates)).collect())
        }
        ast::Value::Object(object) => {
            let mut entries: Vec<Entry> = Vec::new();
            let mut keys = HashSet::new();
            for property in &object.properties {
                let key = property.name.as_str().to_owned();
                let range = property.name.range();
                let key_origin = Origin { source, span: range.start..range.end };
                if !keys.insert(property.name.as_str()) {
                    if duplicates.len() < MOST {
                        duplicates.push(Finding::new(format!("duplicate key `{key}`"), Some(key_origin)));
                    }
                    continue;
                }
                let node = json_node(&property.value, source, duplicates);
                entries.push(Entry { key, key_origin, node });
            }
            Value::Table(entries)
        }
    };
    Node { value, origin }
}

fn shift(node: &mut Node, offset: usize) {
    let moved = |origin: &mut Origin| {
        origin.span = origin.span.start + offset..origin.span.end + offset;
    };
    moved(&mut node.origin);
    match &mut node.value {
        Value::Array(items) => items.iter_mut().for_each(|item| shift(item, offset)),
        Value::Table(entries) => entries.iter_mut().for_each(|entry| {
            moved(&mut entry.key_origin);
            shift(&mut entry.node, offset);
        }),
        _ => {}
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
