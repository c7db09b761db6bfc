//! Example of a section, for the reference.

use std::fmt::Write as _;

use serde_json::Value as Json;

/// The number of keys with a default that are shown.
const MOST: usize = 4;

/// A TOML block with the required keys and the first keys that have a default; for a layer, its table within the
/// array of layers.
pub(super) fn example(page: &mut String, place: &str, schema: &Json) {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    let layer = place.split_once("[].");
    let mut optional = 0;
    let mut lines = Vec::new();
    for (key, value) in schema["properties"].as_object().into_iter().flatten() {
        let needed = required.contains(&key.as_str());
        let shown = if needed {
            Some(placeholder(key, value))
        } else if layer.is_none() && optional < MOST {
            let default = &value["default"];
            let plain = default.is_boolean() || default.is_number() || default.is_string();
            optional += usize::from(plain);
            plain.then(|| default.to_string())
        } else {
            None
        };
        lines.extend(shown.map(|shown| format!("{key} = {shown}")));
    }
    let text = match layer {
        Some((list, name)) => {
            let (section, key) = list.rsplit_once('.').unwrap_or(("", list));
            let options = if lines.is_empty() { String::new() } else { format!(" {} ", lines.join(", ")) };
            format!("[{section}]\n{key} = [\n  {{ {name} = {{{options}}} }},\n]")
        }
        None if lines.is_empty() && schema["properties"].as_object().is_some_and(|keys| !keys.is_empty()) => {
            return;
        }
        None if place.ends_with("[]") => {
            format!("[[{}]]\n{}", place.trim_end_matches("[]"), lines.join("\n"))
        }
        None => format!("[{place}]\n{}", lines.join("\n")),
    };
    let _ = write!(page, "\n```toml\n{}\n```\n", text.trim_end());
}

/// The first of the tables in a list of choices that needs a key, with its keys.
fn member(choices: &Json) -> Option<String> {
    let members = choices["oneOf"].as_array()?.iter().filter_map(|choice| choice["properties"].as_object());
    let (name, options) = members.flatten().find(|(_, options)| options["required"].is_array())?;
    let keys = options["required"].as_array()?.iter().filter_map(Json::as_str);
    let keys = keys.map(|key| format!("{key} = {}", placeholder(key, &options["properties"][key])));
    Some(format!("{{ {name} = {{ {} }} }}", keys.collect::<Vec<_>>().join(", ")))
}

/// An example value of the right type.
fn placeholder(key: &str, schema: &Json) -> String {
    let first = |forms: &str| schema[forms].as_array().and_then(|forms| forms.first());
    if let Some(form) = first("anyOf") {
        return if form["type"] == "integer" { "2".to_owned() } else { placeholder(key, form) };
    }
    if let Some(word) = first("oneOf").and_then(|form| form["const"].as_str()) {
        return format!("\"{word}\"");
    }
    match schema["type"].as_str() {
        Some("integer") => "10".to_owned(),
        Some("number") => "0.5".to_owned(),
        Some("boolean") => "true".to_owned(),
        Some("array") => {
            let nested = if schema["items"]["$ref"].is_string() {
                "{ dense = { units = 10 } }".to_owned()
            } else {
                member(&schema["items"]).unwrap_or_else(|| placeholder(key, &schema["items"]))
            };
            format!("[{nested}]")
        }
        Some("string") if schema["format"] == "path" => "\"path/to/it\"".to_owned(),
        _ => format!("\"{key}\""),
    }
}
