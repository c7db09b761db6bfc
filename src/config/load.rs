//! Loads a config: parses the text, applies overrides, checks the result, and reports all mistakes in one error.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;

use super::diagnostics::{Diagnostics, Finding};
use super::document::{Node, Origin, Text};
use super::moved::{self, Moved};
use super::places::Whole;
use super::problem::{Path, Problem, Problems};
use super::{check, overrides, parse as syntax};

/// The text of a config and the values on top of it.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// The name of the file in messages. It determines the syntax: JSON if it ends in `.json`, otherwise TOML.
    pub name: String,
    /// The content of the file.
    pub text: Vec<u8>,
    /// Overrides, the later ones taking precedence: the name of each in messages, and `path=value`.
    pub overrides: Vec<(String, String)>,
}

/// Loads `input` as a `T`, whose [`schema`] is `schema`; `validate` reports what a schema cannot express. Each of
/// the `moved` keys is reported with its new place.
///
/// # Errors
/// With all mistakes at once.
pub fn load<T: DeserializeOwned>(
    input: &Input,
    schema: &serde_json::Value,
    moved: &[Moved],
    validate: impl FnOnce(&T, &mut Problems<'_>),
) -> Result<T, Diagnostics> {
    read(input, schema, moved, validate).map_err(|findings| explain(input, findings))
}

fn explain(input: &Input, findings: Vec<Finding>) -> Diagnostics {
    let text = String::from_utf8_lossy(&input.text);
    let file = Text { name: input.name.clone(), text: without_mark(&text).to_owned() };
    let overrides =
        input.overrides.iter().map(|(name, text)| Text { name: name.clone(), text: text.clone() });
    Diagnostics::new(std::iter::once(file).chain(overrides).collect(), findings)
}

/// The values of `input`, unchecked; `schema` determines the types of overrides.
///
/// # Errors
/// If a text cannot be parsed.
pub fn parse(input: &Input, schema: &serde_json::Value) -> Result<serde_json::Value, Diagnostics> {
    merge(input, schema).map(|root| root.to_json()).map_err(|findings| explain(input, findings))
}

/// The JSON Schema of `T`, with references only where a type contains itself; for editors and for loading.
#[must_use]
pub fn schema<T: JsonSchema>() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

fn read<T: DeserializeOwned>(
    input: &Input,
    schema: &serde_json::Value,
    moved: &[Moved],
    validate: impl FnOnce(&T, &mut Problems<'_>),
) -> Result<T, Vec<Finding>> {
    let written = merge(input, schema)?;
    let mut problems = Vec::new();
    let mut root = written.clone();
    moved::take_out(&mut root, moved, &mut problems);
    check::check(&root, Whole { schema, node: &root }, schema, &Path::default(), &mut problems);
    if !problems.is_empty() {
        return Err(locate(&problems, &written));
    }
    let value: T = serde_json::from_value(root.to_json())
        .map_err(|error| vec![Finding::new(error.to_string(), None)])?;
    validate(&value, &mut Problems::new(&mut problems));
    if problems.is_empty() { Ok(value) } else { Err(locate(&problems, &written)) }
}

fn merge(input: &Input, schema: &serde_json::Value) -> Result<Node, Vec<Finding>> {
    let text = std::str::from_utf8(&input.text).map_err(|error| vec![not_utf_8(&input.text, error)])?;
    let text = without_mark(text);
    let json = input.name.to_lowercase().ends_with(".json");
    let mut root = if json { syntax::json(text, 0) } else { syntax::toml(text, 0) }?;
    for (i, (_, assignment)) in input.overrides.iter().enumerate() {
        overrides::apply(&mut root, assignment, i + 1, schema).map_err(|finding| vec![finding])?;
    }
    Ok(root)
}

/// The finding for the first invalid byte of a text that is not UTF-8; the text before it is shown unchanged.
fn not_utf_8(text: &[u8], error: std::str::Utf8Error) -> Finding {
    let mark = if text.starts_with("\u{feff}".as_bytes()) { "\u{feff}".len() } else { 0 };
    let start = error.valid_up_to() - mark;
    let help = match text {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it looks like UTF-16; save the file as UTF-8",
        _ => "save the file as UTF-8",
    };
    let origin = Origin { source: 0, span: start..start + char::REPLACEMENT_CHARACTER.len_utf8() };
    Finding::new("not UTF-8 text", Some(origin)).with_help(help)
}

/// `text` without its byte order mark, which is allowed and ignored.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn locate(problems: &[Problem], root: &Node) -> Vec<Finding> {
    problems.iter().map(|problem| Finding::locate(problem, root)).collect()
}
