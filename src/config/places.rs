//! Looks up places of a config in its JSON Schema.

use serde_json::Value as Json;

use super::document::{Node, Value};
use super::suggest::meant;

/// A whole config and its schema, to look up places outside of the current section.
#[derive(Clone, Copy)]
pub(super) struct Whole<'a> {
    pub schema: &'a Json,
    pub node: &'a Node,
}

/// The schema to which `schema` refers, or `schema` itself. References, used for types that contain themselves,
/// are `#/` and the keys that lead to the target.
pub(super) fn resolved<'s>(root: &'s Json, schema: &'s Json) -> &'s Json {
    schema["$ref"].as_str().and_then(|place| root.pointer(place.strip_prefix('#')?)).unwrap_or(schema)
}

/// The schema of the child `key` of a value with `schema`; in an array, every key stands for its elements.
pub(super) fn child<'s>(root: &'s Json, schema: &'s Json, key: &str) -> Option<&'s Json> {
    let schema = resolved(root, schema);
    let forms = || ["anyOf", "oneOf"].into_iter().filter_map(|forms| schema[forms].as_array()).flatten();
    schema["properties"]
        .get(key)
        .or_else(|| Some(&schema["items"]).filter(|items| items.is_object()))
        .or_else(|| Some(&schema["additionalProperties"]).filter(|any| any.is_object()))
        .or_else(|| forms().find_map(|form| child(root, form, key)))
}

/// Whether any string is a valid key of a value, as in `[gate]`, but not of a section, as in `[serve.models]`.
pub(super) fn is_open(schema: &Json) -> bool {
    let value = &schema["additionalProperties"];
    value.is_object() && !value["properties"].is_object()
}

/// The places at which `key`, or the key that it is meant to be, is valid in this config: in its sections, and in
/// the chosen members (in all of them, if none is chosen). Layers are left out.
pub(super) fn with_key(key: &str, whole: Whole<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let names: Vec<&str> = std::iter::once(key).chain(meant(key)).collect();
    look(&names, whole.schema, Some(whole.node), "", &mut found);
    found
}

fn look(names: &[&str], schema: &Json, node: Option<&Node>, path: &str, found: &mut Vec<String>) {
    let within = |key: &str| node.and_then(|node| node.entry(key)).map(|entry| &entry.node);
    let place = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    for (key, value) in schema["properties"].as_object().into_iter().flatten() {
        if names.contains(&key.as_str()) {
            found.push(place(key));
        } else {
            look(names, value, within(key), &place(key), found);
        }
    }
    let written = match node.map(|node| &node.value) {
        Some(Value::Table(entries)) => entries.iter().any(|entry| !entry.is_unset()),
        _ => false,
    };
    for form in ["anyOf", "oneOf"].into_iter().filter_map(|forms| schema[forms].as_array()).flatten() {
        match form["properties"].as_object().filter(|_| form["required"].is_array()) {
            // A section that chooses a member.
            Some(members) if schema["oneOf"].is_array() => {
                let chosen = members.iter().filter(|(name, _)| !written || within(name).is_some());
                chosen.for_each(|(name, member)| look(names, member, within(name), &place(name), found));
            }
            _ => look(names, form, node, path, found),
        }
    }
}
