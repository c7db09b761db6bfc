//! The samples of a request for predictions, in each form in which they can be written.

use super::element;
use super::tree::Tree;
use super::{Call, Input};
use crate::data::input::Inputs;
use crate::serve::json::{Cursor, Value, shortened};
use crate::serve::model::Version;
use crate::serve::samples::{self, arrange, place, read};

/// The samples of `instances`.
///
/// # Errors
/// If they do not fit the network; the message is for the client.
pub fn rows(instances: Value<'_>, version: &Version, call: Call) -> Result<Inputs, String> {
    let list =
        |text: &str| format!("JSON Value: {} Expecting 'instances' to be an list/array", shortened(text));
    let text = match (instances, call.input) {
        (Value::Numbers(numbers), _) if numbers.shape.is_empty() => return Err(list("a number")),
        (Value::Numbers(numbers), Input::Numbers(units)) => return arrange(version, units, numbers),
        (Value::Numbers(_), Input::Pictures) => return Err(element::of_element(0, NO_PICTURE)),
        (Value::Text(text), _) if !text.starts_with('[') => return Err(list(text)),
        (Value::Text(text), _) => text,
    };
    let input = &version.signature.input;
    let problem = |problem| format!("'instances' {problem}");
    let first = first(text).map_err(problem)?.ok_or("No values in 'instances' array")?;
    let objects = matches!(first, Tree::Object(..)) && first.base64().is_none();
    let by_name = |name: &str| version.signature.columns.iter().any(|column| column == name);
    if let (true, Tree::Object(_, members), Input::Numbers(units)) = (objects, &first, call.input)
        && members.iter().any(|(name, _)| name != input && by_name(name))
    {
        return read(version.reader(units).json(place(), text.as_bytes()));
    }
    let Tree::List(elements) = Tree::read(text).map_err(problem)? else { return Err(list(text)) };
    if !objects {
        if let Some(at) = elements.iter().position(|e| matches!(e, Tree::Object(..)) && e.base64().is_none())
        {
            return Err(format!("Expecting value/list but got object at item {at} of input list"));
        }
        return match input_of(call, version, elements.first()) {
            Input::Pictures => pictures(version, &elements, element::of_element),
            Input::Numbers(_) => Err(element::explain(&elements).unwrap_or_else(|| NESTED.to_owned())),
        };
    }
    let mut values = Vec::with_capacity(elements.len());
    for (at, element) in elements.into_iter().enumerate() {
        values.push(named(element, at, version)?);
    }
    let values = format!("[{}]", values.join(","));
    let mut cursor = Cursor::new(&values);
    let value = Value::read(&mut cursor).map_err(|invalid| invalid.message.to_owned())?;
    rows(value, version, call)
}

/// The first element of the list that is `text`, if there is one.
fn first(text: &str) -> Result<Option<Tree<'_>>, &'static str> {
    let mut cursor = Cursor::new(text);
    let is_empty = !cursor.skip_if(b'[') || cursor.peek() == Some(b']');
    if is_empty {
        return Ok(None);
    }
    cursor.skip().map_err(|invalid| invalid.message).and_then(Tree::read).map(Some)
}

/// The text of the value in `element`, `{"x": VALUE}`.
fn named(element: Tree<'_>, at: usize, version: &Version) -> Result<String, String> {
    let input = &version.signature.input;
    let Tree::Object(text, members) = element else {
        return Err(format!("Expecting object but got list at item {at} of input list"));
    };
    let columns = match version.signature.columns.as_slice() {
        [] => String::new(),
        columns => format!("; or name its columns: {}", shortened(&columns.join(", "))),
    };
    if let Some((name, _)) = members.iter().find(|(name, _)| name != input) {
        let message =
            format!("JSON object: does not have named input: {name}; the input is called {input}{columns}");
        return Err(element::of_element(at, &message));
    }
    if members.is_empty() {
        return Err(element::of_element(
            at,
            &format!("JSON Value: {{}} keys must be equal to: {input}{columns}"),
        ));
    }
    let mut value: Option<&str> = None;
    let read = Cursor::new(text).object(|_, cursor| {
        let text = cursor.skip()?;
        value.get_or_insert(text);
        Ok(())
    });
    match (read, value) {
        (Ok(()), Some(value)) => Ok(value.to_owned()),
        _ => Err(NESTED.to_owned()),
    }
}

/// The samples of `inputs`, a tensor or an object that names it.
///
/// # Errors
/// If they do not fit the network; the message is for the client.
pub fn columns(inputs: Value<'_>, version: &Version, call: Call) -> Result<Inputs, String> {
    let text = match (inputs, call.input) {
        (Value::Numbers(numbers), Input::Numbers(units)) => return arrange(version, units, numbers),
        (Value::Numbers(_), Input::Pictures) => return Err(NO_PICTURE.to_owned()),
        (Value::Text(text), _) => text,
    };
    let input = &version.signature.input;
    let tree = Tree::read(text).map_err(|problem| format!("'inputs' {problem}"))?;
    let first = match &tree {
        Tree::List(elements) => elements.first(),
        other => Some(other),
    };
    match (&tree, input_of(call, version, first)) {
        (Tree::Object(_, members), _) if tree.base64().is_none() => {
            if !members.iter().any(|(name, _)| name == input) {
                let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
                let given = shortened(&names.join(", "));
                return Err(format!("Missing named input: {input} in 'inputs' object; given: {given}"));
            }
            let mut value = None;
            let read = Cursor::new(text).object(|name, cursor| {
                let found = Value::read(cursor)?;
                if name == input && value.is_none() {
                    value = Some(found);
                }
                Ok(())
            });
            match (read, value) {
                // Nested objects do not name inputs again.
                (Ok(()), Some(Value::Text(text))) if text.starts_with('{') && !text.contains("b64") => {
                    Err(element::explain(&[tree]).unwrap_or_else(|| NESTED.to_owned()))
                }
                (Ok(()), Some(value)) => columns(value, version, call),
                _ => Err(NESTED.to_owned()),
            }
        }
        (Tree::List(elements), Input::Pictures) => {
            pictures(version, elements, |_, message| message.to_owned())
        }
        (Tree::List(elements), _) if elements.is_empty() => Err("'inputs' holds no samples".to_owned()),
        (Tree::List(elements), _) => {
            let message = element::explain(elements).unwrap_or_else(|| NESTED.to_owned());
            Err(message.split_once("INVALID_ARGUMENT: ").map_or(message.clone(), |(_, own)| own.to_owned()))
        }
        (_, Input::Pictures) => pictures(version, &[tree], |_, message| message.to_owned()),
        _ => {
            Err(format!("JSON Value: {} Type: {} is not of expected type: float", tree.quoted(), tree.kind()))
        }
    }
}

const NESTED: &str = "the list of samples is nested more deeply than a network's input";
const NO_PICTURE: &str = "a sample is the content of a PNG or JPEG file here, as {\"b64\": \"…\"}; for numbers, use another signature";

/// What kind of samples begin with `first`. Files can be told apart from numbers, so a network trained on
/// images takes them by any signature: clients such as OpenVINO's name none.
fn input_of(call: Call, version: &Version, first: Option<&Tree<'_>>) -> Input {
    let is_file = version.signature.pictures && first.is_some_and(Tree::is_file);
    if is_file { Input::Pictures } else { call.input }
}

/// The samples of PNG and JPEG files.
fn pictures(
    version: &Version,
    elements: &[Tree<'_>],
    locate: impl Fn(usize, &str) -> String,
) -> Result<Inputs, String> {
    let content = |element: &Tree<'_>| element.base64().unwrap_or_else(|| Err(NO_PICTURE.to_owned()));
    samples::pictures(version, elements.iter().map(content), locate)
}
