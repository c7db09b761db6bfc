//! An input as the samples of a network.

use base64::Engine as _;

use super::binary::{self, Elements};
use super::datatype::{Datatype, Unusable};
use super::element::{explain, place};
use super::request::Input;
use crate::data::input::{Inputs, Numbers};
use crate::serve::json::{Cursor, Value};
use crate::serve::model::Version;
use crate::serve::samples;

/// An input whose datatype and shape fit the network.
pub struct Tensor<'a> {
    version: &'a Version,
    shape: Vec<usize>,
    elements: usize,
    datatype: Datatype,
}

impl<'a> Tensor<'a> {
    /// Checks an input for `version` of the model called `model`.
    ///
    /// # Errors
    /// If its datatype or its shape does not fit the network; the message is for the client.
    pub fn new(version: &'a Version, model: &str, input: &Input<'_>) -> Result<Self, String> {
        let datatype = datatype(version, model, input)?;
        let elements = elements(version, model, input, datatype)?;
        Ok(Self { version, shape: input.shape.clone(), elements, datatype })
    }

    /// One sample of floats, in the shape that metadata names.
    #[must_use]
    pub fn lone(version: &'a Version) -> Self {
        let signature = &version.signature;
        let shape = [&[1], signature.shape.as_slice()].concat();
        Self { version, shape, elements: signature.values(), datatype: Datatype::Fp32 }
    }

    /// The samples in `bytes`.
    ///
    /// # Errors
    /// If they are more or fewer, or do not fit the network; the message is for the client.
    pub fn read_bytes(self, bytes: &[u8]) -> Result<Inputs, String> {
        let Some(size) = self.datatype.size() else {
            let files = binary::strings(bytes, self.elements)?;
            return pictures(self.version, files.into_iter().map(Ok));
        };
        let expected = self.elements.checked_mul(size).ok_or("its shape has too many elements")?;
        if bytes.len() != expected {
            return Err(format!("byte size mismatch: its shape needs {expected} bytes, got {}", bytes.len()));
        }
        match binary::numbers(self.datatype, bytes) {
            Some(Elements::Floats(values)) => {
                // Looking at all values is faster than looking for one.
                if !values.iter().fold(true, |fine, value| fine & value.is_finite()) {
                    let at = values.iter().position(|value| !value.is_finite()).unwrap_or(0);
                    let (place, value) = (place(at, &self.shape), values[at]);
                    return Err(format!("{place} is {value} as a 32-bit float; values must be finite"));
                }
                self.arrange(values)
            }
            Some(Elements::Bytes(bytes)) => self.arrange_pixels(bytes),
            None => Err(NO_FILE.to_owned()),
        }
    }

    /// The samples in `data`.
    ///
    /// # Errors
    /// If they are more or fewer, or do not fit the network; the message is for the client.
    pub fn read_json(self, data: Value<'_>) -> Result<Inputs, String> {
        let found = match (data, self.datatype) {
            (Value::Text(text), Datatype::Bytes) => {
                return pictures(self.version, files(text, self.elements)?.into_iter());
            }
            (Value::Numbers(_), Datatype::Bytes) => return Err(NO_FILE.to_owned()),
            (Value::Text(text), _) => return Err(explain(text, &self.shape)),
            (Value::Numbers(found), _) => found,
        };
        let count = found.values.len();
        match found.shape.as_slice() {
            [] => return Err("it must be an array, got a number".to_owned()),
            [_] if count != self.elements => {
                return Err(format!("it has {count} elements, expected {}", self.elements));
            }
            [_] => {}
            nested if nested != self.shape => {
                return Err(format!("it is nested as {nested:?}, but the shape is {:?}", self.shape));
            }
            _ => {}
        }
        if self.datatype.is_whole() && !found.whole {
            let at = found.values.iter().position(|value| value.fract() != 0.0);
            let place = at.map_or_else(|| "a value".to_owned(), |at| place(at, &self.shape));
            return Err(format!("{place} is not written as an integer"));
        }
        if self.datatype != Datatype::Uint8 {
            return self.arrange(found.values);
        }
        let is_pixel = |value: &f32| (0.0..=255.0).contains(value);
        if let Some(at) = found.values.iter().position(|value| !is_pixel(value)) {
            let (place, value) = (place(at, &self.shape), found.values[at]);
            return Err(format!("{place} is {value}; UINT8 values are 0 to 255"));
        }
        self.arrange_pixels(found.values.iter().map(|value| *value as u8).collect())
    }

    /// The datatype says whether numbers are integers, however they are written.
    fn arrange(self, values: Vec<f32>) -> Result<Inputs, String> {
        let Self { version, shape, datatype, .. } = self;
        let numbers = Numbers { shape, counted: true, values, whole: datatype.is_whole() };
        samples::arrange(version, version.units, numbers)
    }

    fn arrange_pixels(self, bytes: Vec<u8>) -> Result<Inputs, String> {
        let shape = samples::unflattened(self.version, &self.shape);
        samples::read(self.version.reader(self.version.units).byte_array(samples::place(), &shape, bytes))
    }
}

fn datatype(version: &Version, model: &str, input: &Input<'_>) -> Result<Datatype, String> {
    let (name, given) = (&input.name, &input.datatype);
    let takes_pictures = version.signature.pictures;
    let others =
        if takes_pictures { ", FP64, UINT8, INT32, INT64 or BYTES" } else { ", FP64, UINT8, INT32 or INT64" };
    match Datatype::of(given) {
        Err(Unusable::Unknown) => {
            Err(format!("invalid datatype for input {name}: '{given}'; model '{model}' takes FP32{others}"))
        }
        Ok(datatype) if datatype != Datatype::Bytes || takes_pictures => Ok(datatype),
        _ => Err(format!(
            "inference input '{name}' data-type is '{given}', but model '{model}' expects 'FP32'{others}"
        )),
    }
}

/// The number of elements of an input whose shape fits the network.
fn elements(version: &Version, model: &str, input: &Input<'_>, datatype: Datatype) -> Result<usize, String> {
    let shape = &input.shape;
    let fits = match (datatype, shape.as_slice()) {
        (Datatype::Bytes, [count] | [count, 1]) => Ok(*count),
        (Datatype::Bytes, _) => Err("PNG and JPEG files have the shape [number of files]".to_owned()),
        _ => version.reader(version.units).count(&samples::unflattened(version, shape)),
    };
    let name = &input.name;
    let wrong = |help: String| {
        let sizes = version.signature.shape.iter().map(|size| format!(",{size}"));
        let sizes: String = if datatype == Datatype::Bytes { String::new() } else { sizes.collect() };
        let got: Vec<String> = shape.iter().map(ToString::to_string).collect();
        let got = got.join(",");
        format!(
            "unexpected shape for input '{name}' for model '{model}'. Expected [-1{sizes}], got [{got}]. {help}"
        )
    };
    if fits.map_err(wrong)? == 0 {
        return Err(format!("input '{name}' has no samples: its batch size is 0"));
    }
    let elements = shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
    elements.ok_or_else(|| format!("the shape of input '{name}' has too many elements"))
}

fn pictures<C: AsRef<[u8]>>(
    version: &Version,
    files: impl Iterator<Item = Result<C, String>>,
) -> Result<Inputs, String> {
    samples::pictures(version, files, |index, message| format!("file {index}: {message}"))
}

const NO_FILE: &str = "BYTES are the contents of PNG and JPEG files here, in JSON as strings in base64";

/// The contents of the `count` files in `text`, a list of strings in base64, flat or nested.
fn files(text: &str, count: usize) -> Result<Vec<Result<Vec<u8>, String>>, String> {
    let mut cursor = Cursor::new(text);
    let mut files = Vec::new();
    // Brackets and commas only separate; they match, since the text is valid JSON.
    while cursor.peek().is_some() {
        if [b'[', b']', b','].into_iter().any(|byte| cursor.skip_if(byte)) {
            continue;
        }
        let value = cursor.skip().map_err(|invalid| invalid.message.to_owned())?;
        let string: Option<String> = serde_json::from_str(value).ok();
        let decode = |string: String| base64::engine::general_purpose::STANDARD.decode(string);
        files.push(string.and_then(|string| decode(string).ok()).ok_or_else(|| NO_FILE.to_owned()));
    }
    if files.len() == count && text.starts_with('[') {
        Ok(files)
    } else {
        Err(format!("expected {count} strings, got {}", files.len()))
    }
}
