//! The wording of problems.

use serde_json::Value as Json;

use crate::config::document::{Entry, Value};
use crate::config::places::{Whole, with_key};
use crate::config::problem::{Path, Problem};
use crate::config::suggest::{meant, meant_place, nearest};

/// The help for a path in which a backslash was parsed as an escape.
pub(in crate::config) const PLAIN_PATH: &str =
    "a backslash in double quotes starts an escape; write `/` or `\\\\`, or in TOML use 'single quotes'";

/// The problem for an unknown key.
pub(super) fn unknown(key: &str, names: &[&str], parent: &Path, place: Path, whole: Whole<'_>) -> Problem {
    let parent = parent.to_string();
    let within = if parent.is_empty() { String::new() } else { format!(" in `{parent}`") };
    Problem {
        path: place,
        at_key: true,
        message: format!("unknown key `{key}`{within}"),
        help: Some(elsewhere(key, names, whole).unwrap_or_else(|| suggestion(key, names))),
    }
}

/// A suggestion for a key that exists in one to three other sections.
fn elsewhere(key: &str, names: &[&str], whole: Whole<'_>) -> Option<String> {
    if let Some(place) = meant_place(key) {
        return Some(format!("did you mean `{place}`?"));
    }
    if nearest(key, names).is_some() {
        return None;
    }
    let places = with_key(key, whole);
    (1..=3).contains(&places.len()).then(|| {
        let of = |place: &String| {
            format!("`{place}`{}", if place.contains('.') { "" } else { " at the top level" })
        };
        let places: Vec<String> = places.iter().map(of).collect();
        format!("did you mean {}?", places.join(" or "))
    })
}

/// The `--set` argument that chooses the member given with `--set` in place of the one in the file.
pub(super) fn replacement(entries: &[Entry], path: &Path) -> Option<String> {
    let added = entries.iter().rev().find(|entry| entry.key_origin.source > 0 && !entry.is_unset())?;
    let given = toml::Value::try_from(added.node.to_json()).ok()?.to_string();
    // A value with characters that a terminal does not show, or that a shell interprets, cannot be copied;
    // the command then leaves it out.
    let is_plain = !given.contains(|c: char| c.is_control() || c == '\'');
    let is_table = matches!(added.node.value, Value::Table(_)) && given.len() > 2;
    let value = if is_table && is_plain { given } else { "{}".to_owned() };
    Some(format!("to use only `{0}`, write `--set '{path}={{ {0} = {value} }}'`", added.key))
}

/// A description of the first control character in `text`.
pub(super) fn control(text: &str) -> String {
    match text.chars().find(|c| c.is_control()) {
        Some('\t') => "a tab".to_owned(),
        Some('\n' | '\r') => "a line break".to_owned(),
        Some(other) => format!("the control character U+{:04X}", u32::from(other)),
        None => "nothing".to_owned(),
    }
}

/// The problem for a required key that is missing.
pub(super) fn missing(key: &str, schema: &Json, parent: &Path) -> Problem {
    let names = schema["oneOf"].as_array().map(|choices| schema_names(choices)).unwrap_or_default();
    let expected = types(schema);
    let (what, help) = if let Some(first) = names.first() {
        ("section", format!("add `[{}.{first}]`, or another of {}", parent.key(key), list(&names)))
    } else if expected.contains(&"object") {
        let inside: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        ("section", format!("add `[{}]` with {}", parent.key(key), list(&inside)))
    } else {
        let meaning = schema["description"].as_str().unwrap_or_default();
        ("key", format!("add `{key}`: {}", lower_first(&first_sentence(meaning))))
    };
    problem(parent, format!("missing {what} `{key}`"), Some(help))
}

/// The first sentence of a description, whose lines are wrapped anywhere.
fn first_sentence(text: &str) -> String {
    let text = text.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    text.split(". ").next().unwrap_or_default().to_owned()
}

/// A problem at `path`.
pub(super) fn problem(path: &Path, message: String, help: Option<String>) -> Problem {
    Problem { path: path.clone(), at_key: false, message, help }
}

/// The help for an unknown name: the name that was probably meant, or all valid ones.
pub(super) fn suggestion(word: &str, names: &[&str]) -> String {
    match nearest(word, names).or_else(|| meant(word).into_iter().find(|name| names.contains(name))) {
        Some(name) => format!("did you mean `{name}`?"),
        None if names.is_empty() => "this table has no keys; remove it".to_owned(),
        None => format!("expected one of {}", list(names)),
    }
}

/// The help for a `value` in place of a table with a member: the member that was probably meant, or all of them.
pub(super) fn choice(value: &Value, names: &[&str]) -> String {
    match value {
        Value::String(name) if names.contains(&name.as_str()) => format!("write `{{ {name} = {{}} }}`"),
        Value::String(name) if nearest(name, names).is_some() => {
            let name = nearest(name, names).unwrap_or_default();
            format!("did you mean `{name}`? write `{{ {name} = {{}} }}`")
        }
        _ => {
            let example = names.first().copied().unwrap_or_default();
            format!("choose one of {}, as in `{{ {example} = {{}} }}`", list(names))
        }
    }
}

/// Names as a list in a message.
pub(super) fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// `text` for use after a colon: lower case, without a full stop.
fn lower_first(text: &str) -> String {
    let mut chars = text.trim_end_matches('.').chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// The members that a section can choose.
pub(super) fn schema_names(choices: &[Json]) -> Vec<&str> {
    choices
        .iter()
        .filter(|choice| choice["hidden"] != true)
        .filter_map(|choice| choice["properties"].as_object())
        .flat_map(|properties| properties.keys().map(String::as_str))
        .collect()
}

/// The types that a schema allows.
pub(super) fn types(schema: &Json) -> Vec<&str> {
    match &schema["type"] {
        Json::String(name) => vec![name],
        Json::Array(names) => names.iter().filter_map(Json::as_str).collect(),
        // A value of several forms allows the types of all of them.
        _ => ["oneOf", "anyOf"]
            .into_iter()
            .filter_map(|forms| schema[forms].as_array())
            .flatten()
            .flat_map(types)
            .collect(),
    }
}

/// Whether a number is allowed.
pub(super) fn number_expected(expected: &[&str]) -> bool {
    expected.contains(&"number") || expected.contains(&"integer")
}

/// The allowed types, by their names in TOML.
pub(super) fn describe(expected: &[&str]) -> String {
    let names = expected.iter().filter(|name| **name != "null").map(|name| match *name {
        "object" => "a table",
        "array" => "an array",
        "string" => "a string",
        "integer" => "an integer",
        "number" => "a float",
        "boolean" => "a boolean",
        other => other,
    });
    names.collect::<Vec<_>>().join(" or ")
}

/// A description of a value: its type or, if it is short, the value.
pub(super) fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => format!("`{value}`"),
        Value::Integer(value) => format!("`{value}`"),
        // With its fraction: 3.0 is not an integer.
        Value::Float(value) => format!("`{value:?}`"),
        Value::String(text) => format!("the string \"{}\"", text.escape_debug()),
        Value::Datetime => "a date or time".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Table(_) => "a table".to_owned(),
    }
}
