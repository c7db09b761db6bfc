//! The bodies of requests, and the samples in those for predictions.

use super::Call;
use super::samples::{columns, rows};
use crate::data::input::Inputs;
use crate::serve::json::{Cursor, Invalid, Value, shortened};
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
                "instances" if document.instances.is_none() => {
                    document.instances = Some(Value::read(cursor)?);
                }
                "inputs" if document.inputs.is_none() => document.inputs = Some(Value::read(cursor)?),
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
