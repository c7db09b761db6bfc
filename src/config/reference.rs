//! The config reference, generated from the schema: every section and key with its type, default and meaning.

mod example;

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::Value as Json;

use super::suggest::nearest;
use example::example;

/// The reference as Markdown, from the JSON Schema of a config.
#[must_use]
pub fn reference(schema: &Json) -> String {
    let mut page = String::from(
        "# Config reference\n\nGenerated from the source by `taper config reference`. Types are those of TOML; where a float is \
        expected, an integer is accepted as well. Keys marked as required have no default.\n\n\
        `--set KEY=VALUE` overrides a key on the command line. Join the parts of a key with dots; give the elements of an array \
        by index, from 0 or, as in `-1`, from the end:\n\n\
        | to | write |\n| --- | --- |\n\
        | set a value | `--set train.epochs=3` |\n\
        | choose another member of a section | `--set optimizer=sgd`, or with keys `--set 'optimizer={sgd={learning_rate=0.1}}'` |\n\
        | change a layer | `--set model.layers.0.dense.units=64`, or for the last one `--set model.layers.-1.dense.units=3` |\n\
        | append a layer | `--set 'model.layers.+={dense={units=10}}'` |\n\
        | insert a layer at index 2 | `--set 'model.layers.+2={dropout={rate=0.5}}'` |\n\
        | reset a key to its default | `--set train.max_steps=null` |\n\
        | remove a layer | `--set model.layers.2=null` |\n\n\
        Strings need no quotes, either alone (`--set name=first-try`) or in an array (`--set 'data.csv.features=[age, income]'`). \
        Environment variables set keys in the same way: `TAPER__TRAIN__EPOCHS=3`.\n",
    );
    section(&mut page, &mut HashMap::new(), "", schema, 2);
    page
}

/// The part of [`reference()`] on one section, such as `optimizer`, `optimizer.adam` or `adam`.
///
/// # Errors
/// If there is no such section; suggests others.
pub fn reference_of(schema: &Json, name: &str) -> Result<String, String> {
    let page = reference(schema);
    // The parts of the page by heading.
    let mut parts: Vec<(&str, String)> = Vec::new();
    for line in page.lines() {
        let heading =
            line.strip_prefix("##").map(|rest| rest.trim_start_matches('#').trim().trim_matches('`'));
        match (heading, parts.last_mut()) {
            (Some(place), _) => parts.push((place, format!("{line}\n"))),
            (None, Some((_, part))) => part.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    let name = name.trim_matches(['[', ']']);
    let last = |place: &str| place.rsplit(['.', ']']).next() == Some(name);
    let known = !name.is_empty();
    let whole = parts.iter().find(|(place, _)| *place == name);
    let Some((wanted, _)) = whole.or_else(|| parts.iter().find(|(place, _)| known && last(place))) else {
        let mut names: Vec<&str> = parts.iter().map(|(place, _)| *place).collect();
        names.extend(parts.iter().filter_map(|(place, _)| place.rsplit('.').next()));
        let top = parts.iter().map(|(place, _)| *place).filter(|place| !place.contains('.'));
        let help = nearest(name, &names).map_or_else(
            || format!("sections: {}", top.collect::<Vec<_>>().join(", ")),
            |close| format!("did you mean `{close}`?"),
        );
        return Err(format!("the config has no section `{name}`; {help}"));
    };
    let within = |place: &str| {
        place.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    Ok(parts.iter().filter(|(place, _)| within(place)).map(|(_, part)| part.as_str()).collect())
}

/// The places at which sets of strings have been described.
type Seen = HashMap<String, String>;

fn section(page: &mut String, seen: &mut Seen, path: &str, schema: &Json, level: usize) {
    let mut rows = String::new();
    let mut sections = Vec::new();
    for (key, value) in schema["properties"].as_object().into_iter().flatten() {
        let place = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let value = required(value);
        if is_section(value) {
            sections.push((place, value));
        } else {
            let list = is_section(&value["items"]);
            row(&mut rows, seen, &place, key, value, schema);
            if list {
                sections.push((format!("{place}[]"), &value["items"]));
            }
        }
    }
    if !rows.is_empty() {
        let _ = write!(page, "\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n{rows}");
    }
    for (place, value) in sections {
        let _ = write!(page, "\n{} `{place}`\n", "#".repeat(level.min(4)));
        description(page, value);
        if is_choice(value) {
            for (name, member) in members(value) {
                let _ = write!(page, "\n{} `{place}.{name}`\n", "#".repeat((level + 1).min(4)));
                description(page, member);
                example(page, &format!("{place}.{name}"), member);
                section(page, seen, &format!("{place}.{name}"), member, level + 2);
            }
        } else {
            example(page, &place, value);
            section(page, seen, &place, value, level + 1);
        }
    }
}

fn row(rows: &mut String, seen: &mut Seen, place: &str, key: &str, value: &Json, parent: &Json) {
    let needed = parent["required"].as_array().into_iter().flatten().any(|name| name == key);
    let default = match &value["default"] {
        _ if needed => "required".to_owned(),
        Json::Null => "not set".to_owned(),
        default => format!("`{default}`"),
    };
    let mut meaning = value["description"].as_str().unwrap_or_default().replace('\n', " ");
    let mut allowed = allowed(value);
    if allowed.len() > 4 {
        let first = seen.entry(Json::from(allowed).to_string()).or_insert_with(|| place.to_owned());
        if first != place {
            let _ = write!(meaning, " For the values, see `{first}`.");
            allowed = &[];
        }
    }
    for value in allowed.iter().filter(|_| allowed.len() > 1) {
        if let (Some(name), Some(text)) = (value["const"].as_str(), value["description"].as_str()) {
            let _ = write!(meaning, "<br>`{name}`: {}", text.replace('\n', " "));
        }
    }
    let _ = writeln!(
        rows,
        "| `{key}` | {}{} | {default} | {} |",
        kind(value),
        range(value),
        meaning.replace('|', "\\|")
    );
}

fn description(page: &mut String, value: &Json) {
    if let Some(text) = value["description"].as_str().filter(|text| !text.is_empty()) {
        let _ = write!(page, "\n{text}\n");
    }
}

/// The schema of an optional value, without null.
pub(super) fn required(value: &Json) -> &Json {
    let option =
        value["anyOf"].as_array().and_then(|options| options.iter().find(|option| option["type"] != "null"));
    option.filter(|option| is_section(option)).unwrap_or(value)
}

pub(super) fn is_section(value: &Json) -> bool {
    value["properties"].is_object() || is_choice(value)
}

fn is_choice(value: &Json) -> bool {
    members(value).next().is_some()
}

pub(super) fn members(value: &Json) -> impl Iterator<Item = (&String, &Json)> {
    let choices = value["oneOf"].as_array().into_iter().flatten();
    choices.filter_map(|choice| choice["properties"].as_object()).flatten()
}

/// The forms of a value that has several, without null.
fn forms(value: &Json) -> Vec<&Json> {
    let forms = value["anyOf"].as_array().into_iter().flatten();
    forms.filter(|form| form["type"] != "null").collect()
}

/// The values of a fixed set of strings, which may be optional.
fn allowed(value: &Json) -> &[Json] {
    let set = match forms(value).as_slice() {
        [form] => *form,
        _ => value,
    };
    set["oneOf"].as_array().filter(|_| !is_choice(set)).map_or(&[], Vec::as_slice)
}

/// The limits of a number, as in ", at least 0, below 1".
fn range(value: &Json) -> String {
    let words = [
        ("minimum", "at least"),
        ("exclusiveMinimum", "above"),
        ("maximum", "at most"),
        ("exclusiveMaximum", "below"),
    ];
    let limits = words.iter().filter_map(|(key, word)| Some(format!(", {word} {}", value.get(*key)?)));
    limits.collect()
}

fn kind(value: &Json) -> String {
    match (allowed(value), forms(value).as_slice()) {
        ([only], _) => return format!("`{}`", only["const"]),
        ([_, ..], _) => return "one of".to_owned(),
        (_, [form]) => return kind(form),
        (_, []) => {}
        (_, forms) => {
            let kinds = forms.iter().map(|form| kind(form).replace("one of", "string"));
            return kinds.collect::<Vec<_>>().join(" or ");
        }
    }
    if value["enum"].is_array() {
        return "one of".to_owned();
    }
    let name = match &value["type"] {
        Json::String(name) => name.as_str(),
        Json::Array(names) => {
            names.iter().filter_map(Json::as_str).find(|name| *name != "null").unwrap_or_default()
        }
        _ => "",
    };
    match name {
        "string" if value["format"] == "path" => "string (path)".to_owned(),
        "number" => "float".to_owned(),
        // `#/properties/model/properties/layers/items`, as in `model.layers`.
        "array" if value["items"]["$ref"].is_string() => {
            let place = value["items"]["$ref"].as_str().unwrap_or_default();
            let keys: Vec<&str> =
                place.split('/').filter(|key| !["#", "properties", "items"].contains(key)).collect();
            format!("array like `{}`", keys.join("."))
        }
        "array" if is_section(&value["items"]) => "array of tables".to_owned(),
        "array" => format!("array of {}s", kind(&value["items"])),
        "object" if value["additionalProperties"].is_object() => "table of strings".to_owned(),
        "object" => "table".to_owned(),
        other => other.to_owned(),
    }
}
