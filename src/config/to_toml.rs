//! Writes a resolved config as TOML in the layout that people use: a header per section, and one line per key.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json};

use super::reference::{is_section, members, required};

/// The config `values` as TOML, with each layer on one line and a comment that lists the keys of `schema` without
/// a value.
///
/// `toml::to_string` would write two headers and seven lines per layer, and drop the keys that are not set.
pub fn to_toml(values: &Map<String, Json>, schema: &Json) -> String {
    let mut page = String::new();
    let (sections, keys): (Vec<_>, Vec<_>) =
        values.iter().filter(|(_, value)| !value.is_null()).partition(|(_, value)| value.is_object());
    for (name, value) in keys {
        assign(&mut page, name, value);
    }
    unset(&mut page, values, schema);
    for (name, value) in sections {
        let part = required(&schema["properties"][name]);
        let Json::Object(value) = value else { continue };
        let member = value.iter().next().filter(|_| members(part).next().is_some());
        match member {
            Some((member, Json::Object(options))) => {
                let part =
                    members(part).find(|(known, _)| *known == member).map_or(&Json::Null, |(_, part)| part);
                section(&mut page, &format!("{}.{}", key(name), key(member)), options, part);
            }
            _ => section(&mut page, &key(name), value, part),
        }
    }
    page
}

fn section(page: &mut String, header: &str, values: &Map<String, Json>, schema: &Json) {
    let mut lines = String::new();
    for (name, value) in values.iter().filter(|(_, value)| !value.is_null()) {
        assign(&mut lines, name, value);
    }
    unset(&mut lines, values, schema);
    // An empty `[loss.mse]` chooses a member; an empty `[gate]` can be dropped.
    if !lines.is_empty() || header.contains('.') {
        let _ = write!(page, "\n[{header}]\n{lines}");
    }
}

fn assign(page: &mut String, name: &str, value: &Json) {
    let _ = match value {
        Json::Array(items) if items.iter().any(Json::is_object) => {
            let lines: Vec<String> = items.iter().map(|item| format!("  {},\n", inline(item))).collect();
            writeln!(page, "{} = [\n{}]", key(name), lines.concat())
        }
        value => writeln!(page, "{} = {}", key(name), inline(value)),
    };
}

/// Lists the keys without a value. Sections are left out.
fn unset(page: &mut String, values: &Map<String, Json>, schema: &Json) {
    let known = schema["properties"].as_object().into_iter().flatten();
    let names: Vec<&str> = known
        .filter(|(name, part)| values.get(*name).is_none_or(Json::is_null) && !is_section(required(part)))
        .map(|(name, _)| name.as_str())
        .collect();
    if !names.is_empty() {
        let _ = writeln!(page, "# not set: {}", names.join(", "));
    }
}

fn inline(value: &Json) -> String {
    match value {
        Json::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Json::Object(entries) => {
            let given = entries.iter().filter(|(_, value)| !value.is_null());
            let entries: Vec<String> =
                given.map(|(name, value)| format!("{} = {}", key(name), inline(value))).collect();
            if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
        }
        Json::String(text) => quoted(text),
        // Numbers and booleans have the same form in JSON and TOML.
        other => other.to_string(),
    }
}

fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { quoted(name) }
}

/// A basic string of TOML: JSON escapes all characters that TOML requires to be escaped, except for U+007F.
fn quoted(text: &str) -> String {
    Json::from(text).to_string().replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_value_is_parsed_back() {
        let values = json!({
            "name": "a \"b\" \\ \u{7f}\u{1}\n'''é",
            "seed": 7,
            "gate": { "test.accuracy": ">= 0.97", "": "x", "a\u{7f}b": "y" },
            "loss": { "mse": {} },
            "train": { "lists": [1.0, 1e-7, -2.5e300], "nested": [[1], []], "flag": true, "options": { "a b": [{ "c": {} }] } },
            "model": { "layers": [{ "dense": { "units": 3 } }, { "flatten": {} }] },
        });
        let page = to_toml(values.as_object().unwrap(), &json!({}));
        let read: Json = toml::from_str(&page).unwrap_or_else(|error| panic!("{error}\n{page}"));
        assert_eq!(read, values, "{page}");
    }

    #[test]
    fn members_are_part_of_the_header_and_unset_keys_are_listed() {
        let schema = json!({ "properties": {
            "seed": { "type": "integer" },
            "note": { "type": "string" },
            "optimizer": { "oneOf": [{ "properties": { "sgd": { "properties": { "rate": {}, "momentum": {} } } } }] },
        } });
        let values = json!({ "seed": 1, "optimizer": { "sgd": { "rate": 0.1, "momentum": null } } });
        assert_eq!(
            to_toml(values.as_object().unwrap(), &schema),
            "seed = 1\n# not set: note\n\n[optimizer.sgd]\nrate = 0.1\n# not set: momentum\n"
        );
    }
}
