//! Checks a config against the JSON Schema of its type: unknown keys, wrong types, values out of range.
//!
//! serde stops at the first error; this check finds all of them. The rules are the same, because the schema is
//! generated from the same types.

mod number;
mod wording;

use serde_json::Value as Json;

use super::document::{Entry, Node, Value};
use super::places::{Whole, resolved};
use super::problem::{Path, Problem};
use super::suggest::nearest;
use number::{check_integer, check_range, limits};
pub(super) use wording::PLAIN_PATH;
use wording::{
    choice, control, describe, kind, list, missing, number_expected, problem, replacement, schema_names,
    suggestion, types, unknown,
};

/// The number of problems after which the check stops: a file of a megabyte could hold a hundred thousand.
pub(super) const MOST: usize = 100;

/// Reports up to [`MOST`] differences between `node` and `schema`, a part of the JSON Schema of the `whole`
/// config.
pub(super) fn check(node: &Node, whole: Whole<'_>, schema: &Json, path: &Path, found: &mut Vec<Problem>) {
    let schema = resolved(whole.schema, schema);
    if found.len() >= MOST || *schema == Json::Bool(true) {
        return;
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        if schema_names(choices).is_empty() {
            check_one_of(node, choices, path, found);
        } else {
            check_choice(node, whole, choices, path, found);
        }
    } else if let Some(options) = schema["anyOf"].as_array() {
        check_any(node, whole, options, path, found);
    } else {
        check_type(node, whole, schema, path, found);
    }
}

/// Checks an optional section, `anyOf: [section, null]`, or a value of several forms, such as an integer or an
/// array of integers, against the first form of its type.
fn check_any(node: &Node, whole: Whole<'_>, options: &[Json], path: &Path, found: &mut Vec<Problem>) {
    let forms: Vec<&Json> = options.iter().filter(|option| option["type"] != "null").collect();
    if matches!(node.value, Value::Null) && forms.len() < options.len() {
        return;
    }
    let fits = |form: &&&Json| types(form).iter().any(|name| fits_type(&node.value, name));
    let form = if forms.len() == 1 { forms.first() } else { forms.iter().find(fits) };
    if let Some(form) = form {
        check(node, whole, form, path, found);
    } else {
        let expected: Vec<&str> = forms.iter().flat_map(|form| types(form)).collect();
        let message = format!("expected {}, found {}", describe(&expected), kind(&node.value));
        found.push(problem(path, message, None));
    }
}

fn fits_type(value: &Value, name: &str) -> bool {
    match value {
        Value::Null => name == "null",
        Value::Bool(_) => name == "boolean",
        Value::Integer(_) => matches!(name, "integer" | "number"),
        Value::Float(_) => name == "number",
        Value::String(_) => name == "string",
        Value::Array(_) => name == "array",
        Value::Table(_) => name == "object",
        Value::Datetime => false,
    }
}

fn check_type(node: &Node, whole: Whole<'_>, schema: &Json, path: &Path, found: &mut Vec<Problem>) {
    let expected = types(schema);
    if expected.contains(&"null") && matches!(node.value, Value::Null) {
        return;
    }
    let mut report = |message: String| found.push(problem(path, message, None));
    match &node.value {
        Value::Float(number) if !number.is_finite() && number_expected(&expected) => {
            report(if expected.contains(&"number") {
                format!("must be a finite number, not {number}")
            } else {
                let (least, most) = limits(schema);
                format!("must be an integer from {least} to {most}, not {number}")
            });
        }
        Value::Integer(number) if number_expected(&expected) => {
            check_integer(*number, schema, &expected, &mut report);
        }
        Value::Float(number) if expected.contains(&"number") => check_range(*number, schema, &mut report),
        Value::String(text) if expected.contains(&"string") => {
            if let Some(allowed) = schema["enum"].as_array() {
                let allowed: Vec<&str> = allowed.iter().filter_map(Json::as_str).collect();
                check_among(text, &allowed, path, found);
            } else if schema["format"] == "path" && text.contains(char::is_control) {
                let message = format!("contains {}, which is not allowed in a path", control(text));
                found.push(problem(path, message, Some(PLAIN_PATH.to_owned())));
            } else if text.is_empty() && schema["minLength"].as_u64().is_some_and(|n| n > 0) {
                report("must not be empty".to_owned());
            } else if let Some(most) = schema["maxLength"].as_u64()
                && text.chars().count() as u64 > most
            {
                let characters = if most == 1 { "character" } else { "characters" };
                report(format!("must be at most {most} {characters}, not {}", text.chars().count()));
            }
        }
        Value::Bool(_) if expected.contains(&"boolean") => {}
        Value::Array(items) if expected.contains(&"array") => {
            let least = schema["minItems"].as_u64().unwrap_or(0);
            if (items.len() as u64) < least {
                report(format!("must have at least {least} element{}", if least == 1 { "" } else { "s" }));
            }
            if let Some(most) = schema["maxItems"].as_u64().filter(|most| items.len() as u64 > *most) {
                report(format!("must have at most {most} element{}", if most == 1 { "" } else { "s" }));
                return;
            }
            for (i, item) in items.iter().enumerate() {
                check(item, whole, &schema["items"], &path.index(i), found);
            }
        }
        Value::Table(entries) if expected.contains(&"object") => {
            check_table(entries, whole, schema, path, found);
        }
        other => report(format!("expected {}, found {}", describe(&expected), kind(other))),
    }
}

fn check_table(entries: &[Entry], whole: Whole<'_>, schema: &Json, path: &Path, found: &mut Vec<Problem>) {
    let known = schema["properties"].as_object();
    let names: Vec<&str> = known.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    for entry in entries {
        let place = path.key(&entry.key);
        match known.and_then(|known| known.get(&entry.key)) {
            Some(_) if entry.is_unset() => {}
            Some(schema) => check(&entry.node, whole, schema, &place, found),
            None if schema["additionalProperties"].is_object() => {
                check(&entry.node, whole, &schema["additionalProperties"], &place, found);
            }
            None if found.len() < MOST => found.push(unknown(&entry.key, &names, path, place, whole)),
            None => return,
        }
    }
    for required in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
        // A misspelled key is already reported as unknown.
        let meant =
            |entry: &Entry| !names.contains(&&*entry.key) && nearest(&entry.key, &names) == Some(required);
        if !entries.iter().any(|entry| entry.key == required && !entry.is_unset())
            && !entries.iter().any(meant)
        {
            found.push(missing(required, &schema["properties"][required], path));
        }
    }
}

/// Checks a section whose key names the chosen member: `{ adam = { … } }`.
fn check_choice(node: &Node, whole: Whole<'_>, choices: &[Json], path: &Path, found: &mut Vec<Problem>) {
    let names = schema_names(choices);
    let Value::Table(entries) = &node.value else {
        let message = format!("expected a table, found {}", kind(&node.value));
        found.push(problem(path, message, Some(choice(&node.value, &names))));
        return;
    };
    for entry in entries {
        let place = path.key(&entry.key);
        let schema = choices.iter().find_map(|choice| choice["properties"].get(&entry.key));
        match schema {
            Some(_) if entry.is_unset() => {}
            Some(schema) => check(&entry.node, whole, schema, &place, found),
            None if found.len() < MOST => found.push(unknown(&entry.key, &names, path, place, whole)),
            None => return,
        }
    }
    let given = entries.iter().filter(|entry| !entry.is_unset());
    let written: Vec<&str> = given.map(|entry| entry.key.as_str()).collect();
    if written.is_empty() {
        let message = "no member is chosen".to_owned();
        found.push(problem(path, message, Some(format!("choose one of {}", list(&names)))));
    } else if written.len() > 1 && written.iter().all(|name| names.contains(name)) {
        let place = path.key(written[1]);
        let message = format!("only one of {} may be given", list(&written));
        let help = replacement(entries, path).unwrap_or_else(|| "remove all but one".to_owned());
        found.push(Problem { at_key: true, ..problem(&place, message, Some(help)) });
    }
}

/// Checks a string that must be one of a documented set: schemars generates `oneOf: [{const: …}, …]`.
fn check_one_of(node: &Node, choices: &[Json], path: &Path, found: &mut Vec<Problem>) {
    let allowed: Vec<&str> = choices
        .iter()
        .flat_map(|choice| {
            choice["const"]
                .as_str()
                .into_iter()
                .chain(choice["enum"].as_array().into_iter().flatten().filter_map(Json::as_str))
        })
        .collect();
    match &node.value {
        Value::String(text) => check_among(text, &allowed, path, found),
        other => found.push(problem(
            path,
            format!("expected one of {}, found {}", list(&allowed), kind(other)),
            None,
        )),
    }
}

fn check_among(text: &str, allowed: &[&str], path: &Path, found: &mut Vec<Problem>) {
    if !allowed.contains(&text) {
        found.push(problem(path, format!("unknown value `{text}`"), Some(suggestion(text, allowed))));
    }
}
