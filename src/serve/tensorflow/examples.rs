//! The examples of classify and regress requests.

use super::request::Document;
use super::tree::Tree;
use crate::data::input::{Inputs, Numbers, Units};
use crate::serve::model::Version;
use crate::serve::samples::{self, arrange};

type Members<'a> = Vec<(String, Tree<'a>)>;

/// The samples of a request's examples and context, checked before the model is looked up.
#[derive(Debug)]
pub struct Examples<'a>(Vec<Members<'a>>);

/// Reads the examples of `document`. Each is an object with features, which `context` adds to.
///
/// # Errors
/// If they are malformed; the message is for the client.
pub fn examples<'a>(document: &Document<'a>) -> Result<Examples<'a>, String> {
    // TensorFlow Serving says "classify" for both.
    let missing = "When method is classify, key 'examples' is expected and was not found";
    let text = document.examples.ok_or(missing)?;
    let Tree::List(elements) = Tree::read(text).map_err(|problem| format!("'examples' {problem}"))? else {
        return Err("Expecting 'examples' value to be an list/array".to_owned());
    };
    if elements.is_empty() {
        return Err("'examples' value is an empty array".to_owned());
    }
    let context = match document.context {
        None => Vec::new(),
        Some(text) => members(Tree::read(text).map_err(|problem| format!("'context' {problem}"))?)?,
    };
    let with_context = |element| {
        let mut own = members(element)?;
        own.extend(context.iter().cloned());
        own.iter().try_for_each(|(name, value)| check(name, value))?;
        Ok(own)
    };
    elements.into_iter().map(with_context).collect::<Result<_, String>>().map(Examples)
}

fn members(example: Tree<'_>) -> Result<Members<'_>, String> {
    match example {
        Tree::Object(_, members) => Ok(members),
        other => {
            Err(format!("Example must be JSON object but got JSON {}: {}", other.kind(), other.quoted()))
        }
    }
}

/// Checks that a feature is a value or a list of values of one kind.
fn check(name: &str, value: &Tree<'_>) -> Result<(), String> {
    let alone = std::slice::from_ref(value);
    let elements = if let Tree::List(elements) = value { elements.as_slice() } else { alone };
    let mut whole: Option<bool> = None;
    for element in elements {
        let is_whole = match element {
            Tree::Number(text, _) => !text.contains(['.', 'e', 'E', 'N', 'I']),
            Tree::Other(text) if *text != "null" => continue,
            Tree::Object(..) if element.base64().is_some() => continue,
            other => {
                return Err(format!(
                    "Feature: {name} has element with unexpected JSON type: {}",
                    other.kind()
                ));
            }
        };
        if let Tree::Number(text, _) = element
            && is_whole
            && text.parse::<i64>().is_err()
        {
            return Err(format!("Feature: {name} has uint64_t element. Only int64_t is supported."));
        }
        match whole {
            Some(first) if first != is_whole => {
                let kind = if first { "int64" } else { "float" };
                return Err(format!("Unexpected element type in feature: {name} expecting type: {kind}"));
            }
            _ => whole = Some(is_whole),
        }
    }
    Ok(())
}

impl Examples<'_> {
    /// The samples for `version`: of the feature with the name of its input, or the only one; or of the columns of its
    /// table.
    ///
    /// # Errors
    /// If they do not fit the network; the message is for the client.
    pub fn samples(&self, version: &Version) -> Result<Inputs, String> {
        let signature = &version.signature;
        let is_column = |name: &str| signature.columns.iter().any(|column| column == name);
        let first = self.0.first().map_or(&[][..], Vec::as_slice);
        if first.iter().any(|(name, _)| *name != signature.input && is_column(name)) {
            return self.records(version);
        }
        let values = signature.values();
        let mut numbers =
            Numbers { shape: vec![self.0.len(), values], counted: true, values: Vec::new(), whole: true };
        if signature.shape.len() == 3 {
            numbers.shape = [&[self.0.len()][..], &signature.shape].concat();
        }
        for (index, members) in self.0.iter().enumerate() {
            let found = members.iter().find(|(name, _)| *name == signature.input);
            let (name, feature) =
                found.or(members.first().filter(|_| members.len() == 1)).ok_or_else(|| {
                    format!(
                        "example {index} has no feature called {}, the input of the model",
                        signature.input
                    )
                })?;
            let alone = std::slice::from_ref(feature);
            let elements = if let Tree::List(elements) = feature { elements.as_slice() } else { alone };
            if elements.len() != values {
                let given = elements.len();
                return Err(format!(
                    "example {index}: feature {name} has {given} values, but this network takes {values}"
                ));
            }
            for element in elements {
                let value = match element {
                    Tree::Number(text, value) => {
                        numbers.whole &= !text.contains(['.', 'e', 'E']);
                        *value as f32
                    }
                    Tree::Other("true") => 1.0,
                    Tree::Other("false") => 0.0,
                    _ => f32::NAN,
                };
                if !value.is_finite() {
                    let given = element.quoted();
                    return Err(format!(
                        "example {index}: feature {name} holds {given}, not a finite number"
                    ));
                }
                numbers.values.push(value);
            }
        }
        arrange(version, version.units, numbers)
    }

    /// The samples of a table, whose columns are the features.
    fn records(&self, version: &Version) -> Result<Inputs, String> {
        let mut text = "[".to_owned();
        for (index, members) in self.0.iter().enumerate() {
            text.push_str(if index == 0 { "{" } else { ",{" });
            for (at, (name, feature)) in members.iter().enumerate() {
                let value = match feature {
                    Tree::List(elements) if elements.len() == 1 => elements[0].text(),
                    Tree::List(elements) => {
                        let given = elements.len();
                        return Err(format!("example {index}: column {name} has {given} values, not one"));
                    }
                    value => value.text(),
                };
                let separator = if at == 0 { "" } else { "," };
                text.push_str(separator);
                text.push_str(&serde_json::Value::from(name.as_str()).to_string());
                text.push(':');
                text.push_str(&value);
            }
            text.push('}');
        }
        text.push(']');
        samples::read(version.reader(Units::Auto).json(samples::place(), text.as_bytes()))
    }
}
