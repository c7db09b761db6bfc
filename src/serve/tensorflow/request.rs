//! The bodies of predict requests.

use std::path::Path;

use super::element;
use super::tree::{Tree, shortened};
use super::{Call, Input};
use crate::data::Features;
use crate::data::input::{Inputs, Numbers, Units};
use crate::error::Error;
use crate::serve::json::{Cursor, Invalid, Value};
use crate::serve::model::Version;

/// The members of a request's JSON object.
#[derive(Debug, Default)]
pub struct Document<'a> {
    /// The signature.
    pub signature: Option<String>,
    instances: Option<Value<'a>>,
    inputs: Option<Value<'a>>,
    /// The list of examples, for classify and regress.
    pub examples: Option<&'a str>,
    /// What all examples have in common, for classify and regress.
    pub context: Option<&'a str>,
    text: &'a str,
}

/// How samples are listed, which decides the form of the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `instances`: one value per sample.
    Row,
    /// `inputs`: one tensor.
    Column,
}

/// The samples of a request.
#[derive(Debug, PartialEq)]
pub struct Request {
    /// How they are listed.
    pub form: Form,
    /// The samples.
    pub inputs: Inputs,
}

impl<'a> Document<'a> {
    /// Reads a body. Of members with the same name, the first counts.
    ///
    /// # Errors
    /// If it is not a JSON object, or the name of the signature is not a string; the message is for the client.
    pub fn read(text: &'a str) -> Result<Self, String> {
        let mut document = Self { text, ..Self::default() };
        let mut signature = None;
        let mut cursor = Cursor::new(text);
        let invalid = |Invalid { message, offset }: Invalid| match message {
            "The document is empty." => "JSON Parse error: The document is empty".to_owned(),
            message => format!("JSON Parse error: {message} at offset: {offset}"),
        };
        if !cursor.is_object().map_err(invalid)? {
            let value = cursor.skip().map_err(invalid)?;
            cursor.end().map_err(invalid)?;
            return Err(format!("JSON Value: {} Is not object", shortened(value)));
        }
        let read = cursor.object(|name, cursor| {
            match name {
                "signature_name" if signature.is_none() => signature = Some(cursor.skip()?),
                "instances" if document.instances.is_none() => document.instances = Some(cursor.value()?),
                "inputs" if document.inputs.is_none() => document.inputs = Some(cursor.value()?),
                "examples" if document.examples.is_none() => document.examples = Some(cursor.skip()?),
                "context" if document.context.is_none() => document.context = Some(cursor.skip()?),
                _ => drop(cursor.skip()?),
            }
            Ok(())
        });
        read.and_then(|()| cursor.end()).map_err(invalid)?;
        if let Some(signature) = signature {
            let text = serde_json::from_str(signature).ok().filter(|_| signature.starts_with('"'));
            let text = text.ok_or_else(|| {
                format!(
                    "JSON Value: {} Type: not a string. 'signature_name' key must be a string value.",
                    shortened(signature)
                )
            })?;
            document.signature = Some(text);
        }
        Ok(document)
    }

    /// The samples, for `call` of `version`.
    ///
    /// # Errors
    /// If they do not fit the network; the message is for the client.
    pub fn samples(self, version: &Version, call: Call) -> Result<Request, String> {
        match (self.instances, self.inputs) {
            (Some(_), Some(_)) => Err(format!(
                "JSON Value: {} Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
                shortened(self.text)
            )),
            (None, None) => {
                Err("Missing 'inputs' or 'instances' key; send {\"instances\": [SAMPLE, …]}".to_owned())
            }
            (Some(instances), None) => {
                let inputs = rows(instances, version, call)?;
                Ok(Request { form: Form::Row, inputs })
            }
            (None, Some(inputs)) => {
                let inputs = columns(inputs, version, call)?;
                Ok(Request { form: Form::Column, inputs })
            }
        }
    }
}

/// The samples of `instances`.
fn rows(instances: Value<'_>, version: &Version, call: Call) -> Result<Inputs, String> {
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
    let Some(Tree::List(elements)) = Tree::read(text) else {
        return Err("'instances' is nested more than 64 deep".to_owned());
    };
    let objects = match elements.first() {
        None => return Err("No values in 'instances' array".to_owned()),
        Some(first) => matches!(first, Tree::Object(..)) && first.base64().is_none(),
    };
    if !objects {
        if let Some(at) = elements.iter().position(|e| matches!(e, Tree::Object(..)) && e.base64().is_none())
        {
            return Err(format!("Expecting value/list but got object at item {at} of input list"));
        }
        return match call.input {
            Input::Pictures => pictures(version, &elements, element::of_element),
            Input::Numbers(_) => Err(element::explain(&elements).unwrap_or_else(|| NESTED.to_owned())),
        };
    }
    let by_name = |name: &str| version.signature.columns.iter().any(|column| column == name);
    if let (Some(Tree::Object(_, members)), Input::Numbers(units)) = (elements.first(), call.input)
        && members.iter().any(|(name, _)| name != input && by_name(name))
    {
        return read(version.reader(units).json(request(), text.as_bytes()));
    }
    let mut values = Vec::with_capacity(elements.len());
    for (at, element) in elements.into_iter().enumerate() {
        values.push(named(element, at, version)?);
    }
    let values = format!("[{}]", values.join(","));
    let mut cursor = Cursor::new(&values);
    let value = cursor.value().map_err(|invalid| invalid.message.to_owned())?;
    rows(value, version, call)
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
fn columns(inputs: Value<'_>, version: &Version, call: Call) -> Result<Inputs, String> {
    let text = match (inputs, call.input) {
        (Value::Numbers(numbers), Input::Numbers(units)) => return arrange(version, units, numbers),
        (Value::Numbers(_), Input::Pictures) => return Err(NO_PICTURE.to_owned()),
        (Value::Text(text), _) => text,
    };
    let input = &version.signature.input;
    let tree = Tree::read(text).ok_or("'inputs' is nested more than 64 deep")?;
    match (&tree, call.input) {
        (Tree::Object(_, members), _) if tree.base64().is_none() => {
            if !members.iter().any(|(name, _)| name == input) {
                let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
                let given = shortened(&names.join(", "));
                return Err(format!("Missing named input: {input} in 'inputs' object; given: {given}"));
            }
            let mut value = None;
            let read = Cursor::new(text).object(|name, cursor| {
                let found = cursor.value()?;
                if name == input && value.is_none() {
                    value = Some(found);
                }
                Ok(())
            });
            match (read, value) {
                // Objects within objects are not taken for names again.
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

/// The samples of `numbers`. A flat list of the pixels of a gray image is accepted for its rows.
pub(super) fn arrange(version: &Version, units: Units, mut numbers: Numbers) -> Result<Inputs, String> {
    let signature = &version.signature;
    let is_flat = |sizes: &[usize]| sizes == [signature.values()];
    if let ([height, width, 1], Some((count, sample))) =
        (signature.shape.as_slice(), numbers.shape.split_first())
        && is_flat(sample)
    {
        numbers.shape = vec![*count, *height, *width];
    }
    read(version.reader(units).numbers(request(), numbers))
}

/// The samples of PNG and JPEG files.
fn pictures(
    version: &Version,
    elements: &[Tree<'_>],
    place: impl Fn(usize, &str) -> String,
) -> Result<Inputs, String> {
    let mut all: Option<Inputs> = None;
    for (index, element) in elements.iter().enumerate() {
        let content = element.base64().unwrap_or_else(|| Err(NO_PICTURE.to_owned()));
        let picture =
            content.and_then(|content| read(version.reader(Units::Auto).picture(request(), &content)));
        let picture = picture.map_err(|message| place(index, &message))?;
        match (&mut all, picture) {
            (None, picture) => all = Some(picture),
            (Some(all), picture) => {
                all.count += 1;
                if let (Features::Bytes(all), Features::Bytes(more)) = (&mut all.features, picture.features) {
                    all.extend(more);
                }
            }
        }
    }
    all.ok_or_else(|| "No values in 'instances' array".to_owned())
}

/// The place that errors about samples name; only their messages are sent.
fn request() -> &'static Path {
    Path::new("request")
}

fn read(inputs: crate::Result<Inputs>) -> Result<Inputs, String> {
    inputs.map_err(|error| match error {
        Error::Data { message, .. } => message,
        other => other.to_string(),
    })
}
