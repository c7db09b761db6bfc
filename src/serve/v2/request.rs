//! The JSON of inference requests, read once, from the front to the back.

use std::borrow::Cow;

use crate::serve::json::{Cursor, Invalid, Value};

/// The members of a request's JSON object.
#[derive(Debug, Default)]
pub struct Document<'a> {
    /// The client's name for the request: a JSON string, as it is written.
    pub id: Option<&'a str>,
    /// The inputs.
    pub inputs: Vec<Input<'a>>,
    /// The requested outputs; empty if the server is to choose.
    pub outputs: Vec<Wanted<'a>>,
    /// Whether outputs are binary unless they specify it.
    pub binary_outputs: bool,
}

/// An input.
#[derive(Debug, Default)]
pub struct Input<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// The name of its datatype.
    pub datatype: Cow<'a, str>,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its elements, in JSON.
    pub data: Option<Value<'a>>,
    /// The number of bytes of its elements after the JSON.
    pub binary_size: Option<usize>,
}

/// A requested output.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Whether it should be binary, if the request says so.
    pub binary: Option<bool>,
}

/// The parameters that mean something here; all others are ignored.
#[derive(Debug, Default)]
struct Parameters {
    binary_size: Option<usize>,
    binary: Option<bool>,
    binary_outputs: Option<bool>,
}

impl<'a> Document<'a> {
    /// Reads the JSON of a request. Of members with the same name, the first counts; `null` counts as no
    /// member, because some clients send it for members that they leave out.
    ///
    /// # Errors
    /// If it is malformed, or a member has the wrong type; the message is for the client.
    pub fn read(text: &'a str) -> Result<Self, String> {
        let mut cursor = Cursor::new(text);
        Self::parse(&mut cursor).map_err(|Invalid { message, offset }| {
            format!("failed to parse the request JSON buffer: {message} at offset {offset}")
        })
    }

    fn parse(cursor: &mut Cursor<'a>) -> Result<Self, Invalid> {
        let mut document = Self::default();
        let (mut inputs, mut outputs, mut parameters) = (None, None, None);
        if !cursor.is_object()? {
            return Err(cursor.invalid("The document is not an object."));
        }
        cursor.object(|name, cursor| {
            match name {
                _ if is_null(cursor) => drop(cursor.skip()?),
                "id" if document.id.is_none() => {
                    cursor.require(b'"', "'id' must be a string.")?;
                    document.id = Some(cursor.skip()?);
                }
                "parameters" if parameters.is_none() => parameters = Some(Parameters::read(cursor)?),
                "inputs" if inputs.is_none() => {
                    cursor.require(b'[', "'inputs' must be an array.")?;
                    let all = inputs.insert(Vec::new());
                    cursor.elements(|cursor| Input::read(cursor).map(|input| all.push(input)))?;
                }
                "outputs" if outputs.is_none() => {
                    cursor.require(b'[', "'outputs' must be an array.")?;
                    let all = outputs.insert(Vec::new());
                    cursor.elements(|cursor| Wanted::read(cursor).map(|output| all.push(output)))?;
                }
                _ => drop(cursor.skip()?),
            }
            Ok(())
        })?;
        cursor.end()?;
        document.inputs = inputs.ok_or_else(|| cursor.invalid("Missing 'inputs'."))?;
        document.outputs = outputs.unwrap_or_default();
        document.binary_outputs = parameters.and_then(|all| all.binary_outputs).unwrap_or(false);
        Ok(document)
    }
}

impl<'a> Input<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, Invalid> {
        let mut input = Self::default();
        let (mut name, mut datatype, mut shape, mut parameters) = (None, None, None, None);
        cursor.require(b'{', "An input must be an object.")?;
        cursor.object(|key, cursor| {
            match key {
                _ if is_null(cursor) => drop(cursor.skip()?),
                "name" if name.is_none() => name = Some(string(cursor, "'name' must be a string.")?),
                "datatype" if datatype.is_none() => {
                    datatype = Some(string(cursor, "'datatype' must be a string.")?);
                }
                "shape" if shape.is_none() => shape = Some(sizes(cursor)?),
                "parameters" if parameters.is_none() => parameters = Some(Parameters::read(cursor)?),
                "data" if input.data.is_none() => input.data = Some(Value::read(cursor)?),
                _ => drop(cursor.skip()?),
            }
            Ok(())
        })?;
        input.name = name.ok_or_else(|| cursor.invalid("An input has no 'name'."))?;
        input.datatype = datatype.ok_or_else(|| cursor.invalid("An input has no 'datatype'."))?;
        input.shape = shape.ok_or_else(|| cursor.invalid("An input has no 'shape'."))?;
        input.binary_size = parameters.and_then(|all| all.binary_size);
        Ok(input)
    }
}

impl<'a> Wanted<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, Invalid> {
        let (mut name, mut parameters) = (None, None);
        cursor.require(b'{', "An output must be an object.")?;
        cursor.object(|key, cursor| {
            match key {
                _ if is_null(cursor) => drop(cursor.skip()?),
                "name" if name.is_none() => name = Some(string(cursor, "'name' must be a string.")?),
                "parameters" if parameters.is_none() => parameters = Some(Parameters::read(cursor)?),
                _ => drop(cursor.skip()?),
            }
            Ok(())
        })?;
        let name = name.ok_or_else(|| cursor.invalid("An output has no 'name'."))?;
        Ok(Self { name, binary: parameters.and_then(|all| all.binary) })
    }
}

impl Parameters {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, Invalid> {
        let mut all = Self::default();
        cursor.require(b'{', "'parameters' must be an object.")?;
        cursor.object(|key, cursor| {
            match key {
                "binary_data_size" if all.binary_size.is_none() => {
                    let message = "'binary_data_size' must be a number of bytes.";
                    all.binary_size = Some(parsed(cursor, message)?);
                }
                "binary_data" if all.binary.is_none() => {
                    all.binary = Some(parsed(cursor, "'binary_data' must be true or false.")?);
                }
                "binary_data_output" if all.binary_outputs.is_none() => {
                    let message = "'binary_data_output' must be true or false.";
                    all.binary_outputs = Some(parsed(cursor, message)?);
                }
                _ => drop(cursor.skip()?),
            }
            Ok(())
        })?;
        Ok(all)
    }
}

fn is_null(cursor: &mut Cursor<'_>) -> bool {
    cursor.peek() == Some(b'n')
}

/// Reads a value that is written as Rust writes it.
fn parsed<T: std::str::FromStr>(cursor: &mut Cursor<'_>, message: &'static str) -> Result<T, Invalid> {
    cursor.peek();
    let place = cursor.invalid(message);
    cursor.skip()?.parse().map_err(|_| place)
}

fn string<'a>(cursor: &mut Cursor<'a>, message: &'static str) -> Result<Cow<'a, str>, Invalid> {
    cursor.require(b'"', message)?;
    let place = cursor.invalid(message);
    let text = cursor.skip()?;
    if text.contains('\\') {
        return serde_json::from_str(text).map(Cow::Owned).map_err(|_| place);
    }
    Ok(Cow::Borrowed(&text[1..text.len() - 1]))
}

fn sizes(cursor: &mut Cursor<'_>) -> Result<Vec<usize>, Invalid> {
    let message = "'shape' must be an array of sizes, which are integers from 0 on.";
    cursor.require(b'[', message)?;
    let mut sizes = Vec::new();
    cursor.elements(|cursor| parsed(cursor, message).map(|size| sizes.push(size)))?;
    Ok(sizes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_in_any_order_of_its_members() {
        let text = r#"{"outputs":[{"parameters":{"binary_data":false,"more":[1]},"name":"y"}],"more":{"a":[]},
            "inputs":[{"data":[[1,2]],"datatype":"FP32","shape":[1,2],"name":"\u0078","parameters":null}],
            "parameters":{"binary_data_output":true},"id":"a\"b"}"#;
        let document = Document::read(text).unwrap();
        assert_eq!(document.id, Some(r#""a\"b""#));
        assert!(document.binary_outputs);
        assert_eq!(document.outputs, [Wanted { name: "y".into(), binary: Some(false) }]);
        let [input] = document.inputs.as_slice() else { panic!("{:?}", document.inputs) };
        assert_eq!((&*input.name, &*input.datatype, input.shape.as_slice()), ("x", "FP32", &[1, 2][..]));
        let Some(Value::Numbers(numbers)) = &input.data else { panic!("{:?}", input.data) };
        assert_eq!((numbers.shape.as_slice(), numbers.values.as_slice()), (&[1, 2][..], &[1.0, 2.0][..]));
    }

    #[test]
    fn what_is_malformed_is_refused_with_its_place() {
        for (text, message) in [
            ("", "The document is empty. at offset 0"),
            ("[]", "The document is not an object. at offset 0"),
            ("{}", "Missing 'inputs'. at offset 2"),
            (r#"{"id":1}"#, "'id' must be a string. at offset 6"),
            (r#"{"inputs":{}}"#, "'inputs' must be an array. at offset 10"),
            (r#"{"inputs":[1]}"#, "An input must be an object. at offset 11"),
            (r#"{"inputs":[{}]}"#, "An input has no 'name'. at offset 13"),
            (r#"{"inputs":[{"shape":[-1]}]}"#, "'shape' must be an array of sizes, which are"),
            (
                r#"{"inputs":[{"shape":[99999999999999999999]}]}"#,
                "'shape' must be an array of sizes, which are",
            ),
            (r#"{"inputs":[{"shape":2}]}"#, "'shape' must be an array of sizes, which are"),
            (r#"{"inputs":[],"outputs":{}}"#, "'outputs' must be an array. at offset 23"),
            (r#"{"inputs":[],"outputs":[{}]}"#, "An output has no 'name'. at offset 26"),
            (r#"{"parameters":{"binary_data_output":1}}"#, "'binary_data_output' must be true or false."),
            (r#"{"inputs":[{"parameters":{"binary_data_size":-1}}]}"#, "'binary_data_size' must be a number"),
            (r#"{"inputs":[]} x"#, "The document root must not be followed by other values. at offset 14"),
        ] {
            let error = Document::read(text).unwrap_err();
            let expected = format!("failed to parse the request JSON buffer: {message}");
            assert!(error.starts_with(&expected), "{text}: {error}");
        }
    }
}
