//! The replies to inference requests, in JSON or with binary outputs after it.

use std::fmt::Write as _;

use super::request::Wanted;
use crate::inference::Prediction;
use crate::serve::json::write_float;
use crate::serve::model::Version;
use crate::serve::reply::{JSON, Reply};
use crate::serve::signature::Signature;

/// An output of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Probabilities, or predicted numbers.
    Values,
    /// The outputs of the network before the loss's own function.
    Logits,
    /// The name of the most probable class.
    Class,
    /// The index of the most probable class.
    ClassIndex,
}

/// What a client wants to get back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// The name of the model, as it was sent.
    pub model: String,
    /// The client's name for the request: a JSON string, as it is written.
    pub id: Option<String>,
    /// The outputs, and whether each is binary.
    pub outputs: Vec<(Output, bool)>,
}

impl Output {
    /// The outputs of a network, the one that is sent by default first.
    pub fn all(signature: &Signature) -> impl Iterator<Item = Self> {
        let logits = signature.probabilities.then_some(Self::Logits);
        let classes = (!signature.classes.is_empty()).then_some([Self::ClassIndex, Self::Class]);
        [Self::Values].into_iter().chain(classes.into_iter().flatten()).chain(logits)
    }

    /// Its name.
    #[must_use]
    pub fn name(self, signature: &Signature) -> &'static str {
        match self {
            Self::Values => signature.output(),
            Self::Logits => "logits",
            Self::Class => "class",
            Self::ClassIndex => "class_index",
        }
    }

    /// Its datatype.
    #[must_use]
    pub fn datatype(self) -> &'static str {
        match self {
            Self::Values | Self::Logits => "FP32",
            Self::Class => "BYTES",
            Self::ClassIndex => "INT64",
        }
    }

    /// The number of values per sample, which is a dimension of the output; `None` if it has just one dimension.
    #[must_use]
    pub fn width(self, signature: &Signature) -> Option<usize> {
        matches!(self, Self::Values | Self::Logits).then_some(signature.outputs)
    }
}

/// The outputs that are `wanted`, and whether each is binary; `binary` applies to those that do not specify
/// it.
///
/// # Errors
/// If there is no such output; the message is for the client.
pub fn outputs(
    signature: &Signature,
    model: &str,
    wanted: &[Wanted<'_>],
    binary: bool,
) -> Result<Vec<(Output, bool)>, String> {
    if wanted.is_empty() {
        return Ok(vec![(Output::Values, binary)]);
    }
    let mut found: Vec<(Output, bool)> = Vec::new();
    for Wanted { name, binary: own } in wanted {
        let Some(output) = Output::all(signature).find(|output| output.name(signature) == name) else {
            let names: Vec<&str> = Output::all(signature).map(|output| output.name(signature)).collect();
            let names = names.join(", ");
            return Err(format!(
                "unexpected inference output '{name}' for model '{model}'; its outputs are {names}"
            ));
        };
        // One that is wanted twice is sent once, as by Triton, in the form of the first: this also limits the size of a reply.
        if found.iter().all(|(other, _)| *other != output) {
            found.push((output, own.unwrap_or(binary)));
        }
    }
    Ok(found)
}

/// The reply with `predictions`.
#[must_use]
pub fn inferred(version: &Version, form: &Form, predictions: &[Prediction]) -> Reply {
    write(&version.signature, version.number, form, predictions)
}

fn write(signature: &Signature, version: u64, form: &Form, predictions: &[Prediction]) -> Reply {
    let in_json = form.outputs.iter().filter(|(_, binary)| !binary);
    let values: usize = in_json.map(|(output, _)| output.width(signature).unwrap_or(1)).sum();
    // A float takes up to 14 bytes with its comma.
    let mut text = String::with_capacity(256 + 14 * values * predictions.len());
    let mut binary = Vec::new();
    text.push_str("{\"model_name\":");
    text.push_str(&quoted(&form.model));
    // Writing to a string cannot fail.
    let _ = write!(text, ",\"model_version\":\"{version}\"");
    if let Some(id) = &form.id {
        text.push_str(",\"id\":");
        text.push_str(id);
    }
    text.push_str(",\"outputs\":[");
    for (at, (output, is_binary)) in form.outputs.iter().enumerate() {
        let (name, datatype, count) = (output.name(signature), output.datatype(), predictions.len());
        let comma = if at > 0 { "," } else { "" };
        let _ = write!(text, "{comma}{{\"name\":\"{name}\",\"datatype\":\"{datatype}\",\"shape\":[{count}");
        if let Some(width) = output.width(signature) {
            let _ = write!(text, ",{width}");
        }
        if *is_binary {
            let start = binary.len();
            write_binary(&mut binary, signature, *output, predictions);
            let size = binary.len() - start;
            let _ = write!(text, "],\"parameters\":{{\"binary_data_size\":{size}}}}}");
        } else {
            text.push_str("],\"data\":[");
            write_json(&mut text, signature, *output, predictions);
            text.push_str("]}");
        }
    }
    text.push_str("]}");
    if form.outputs.iter().all(|(_, binary)| !binary) {
        return Reply::text(200, JSON, text);
    }
    let length = text.len().to_string();
    let mut body = text.into_bytes();
    body.append(&mut binary);
    Reply::text(200, "application/octet-stream", body).with("Inference-Header-Content-Length", length)
}

/// Appends the elements of `output`, without the brackets around them.
fn write_json(text: &mut String, signature: &Signature, output: Output, predictions: &[Prediction]) {
    let start = text.len();
    let comma = |text: &mut String| {
        if text.len() > start {
            text.push(',');
        }
    };
    for prediction in predictions {
        match output {
            Output::Values | Output::Logits => {
                for value in floats(signature, output, prediction) {
                    comma(text);
                    write_float(text, *value);
                }
            }
            Output::Class => {
                comma(text);
                text.push_str(&quoted(class(signature, prediction)));
            }
            Output::ClassIndex => {
                comma(text);
                let _ = write!(text, "{}", prediction.class());
            }
        }
    }
}

/// Appends the elements of `output` as bytes.
fn write_binary(bytes: &mut Vec<u8>, signature: &Signature, output: Output, predictions: &[Prediction]) {
    for prediction in predictions {
        match output {
            Output::Values | Output::Logits => {
                bytes.extend(
                    floats(signature, output, prediction).iter().flat_map(|value| value.to_le_bytes()),
                );
            }
            Output::Class => {
                let name = class(signature, prediction);
                bytes.extend((name.len() as u32).to_le_bytes());
                bytes.extend(name.as_bytes());
            }
            Output::ClassIndex => bytes.extend((prediction.class() as u64).to_le_bytes()),
        }
    }
}

fn floats<'a>(signature: &Signature, output: Output, prediction: &'a Prediction) -> &'a [f32] {
    if output == Output::Logits { &prediction.logits } else { signature.values_of(prediction) }
}

fn class<'a>(signature: &'a Signature, prediction: &Prediction) -> &'a str {
    signature.classes.get(prediction.class()).map_or("", String::as_str)
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature() -> Signature {
        Signature {
            input: "x".to_owned(),
            shape: vec![4],
            pixels: false,
            pictures: false,
            columns: Vec::new(),
            classes: vec!["no".to_owned(), "y\"s".to_owned()],
            outputs: 2,
            probabilities: true,
        }
    }

    fn form(outputs: &[(Output, bool)]) -> Form {
        Form { model: "m".to_owned(), id: Some("\"7\"".to_owned()), outputs: outputs.to_vec() }
    }

    fn predictions() -> Vec<Prediction> {
        vec![
            Prediction { logits: vec![0.0, 2.0], values: vec![0.25, 0.75] },
            Prediction { logits: vec![1.0, -3.0], values: vec![1.0, 0.0] },
        ]
    }

    #[test]
    fn outputs_in_json_are_flat() {
        let all =
            [Output::Values, Output::Logits, Output::Class, Output::ClassIndex].map(|output| (output, false));
        let reply = write(&signature(), 3, &form(&all), &predictions());
        let text = String::from_utf8(reply.body).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"model_name":"m","model_version":"3","id":"7","outputs":["#,
                r#"{"name":"probabilities","datatype":"FP32","shape":[2,2],"data":[0.25,0.75,1.0,0.0]},"#,
                r#"{"name":"logits","datatype":"FP32","shape":[2,2],"data":[0.0,2.0,1.0,-3.0]},"#,
                r#"{"name":"class","datatype":"BYTES","shape":[2],"data":["y\"s","no"]},"#,
                r#"{"name":"class_index","datatype":"INT64","shape":[2],"data":[1,0]}]}"#
            )
        );
        assert_eq!((reply.content_type, reply.headers.len()), (JSON, 0));
    }

    #[test]
    fn binary_outputs_follow_the_json_in_its_order() {
        let some = [
            (Output::Class, true),
            (Output::Logits, false),
            (Output::ClassIndex, true),
            (Output::Values, true),
        ];
        let reply = write(&signature(), 3, &form(&some), &predictions());
        assert_eq!(reply.content_type, "application/octet-stream");
        let (name, length) = &reply.headers[0];
        assert_eq!(*name, "Inference-Header-Content-Length");
        let (json, bytes) = reply.body.split_at(length.parse().unwrap());
        let json: serde_json::Value = serde_json::from_slice(json).unwrap();
        let sizes = json["outputs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|output| &output["parameters"]["binary_data_size"]);
        assert_eq!(
            sizes.map(serde_json::Value::as_u64).collect::<Vec<_>>(),
            [Some(13), None, Some(16), Some(16)]
        );
        let (classes, rest) = bytes.split_at(13);
        assert_eq!(classes, b"\x03\0\0\0y\"s\x02\0\0\0no");
        let (indices, values) = rest.split_at(16);
        assert_eq!(indices, [1_i64.to_le_bytes(), 0_i64.to_le_bytes()].concat());
        assert_eq!(values, [0.25_f32, 0.75, 1.0, 0.0].map(f32::to_le_bytes).concat());
    }

    #[test]
    fn outputs_are_chosen_by_name_once() {
        let of = |wanted: &[(&'static str, Option<bool>)], binary| {
            let wanted = wanted.iter().map(|(name, binary)| Wanted { name: (*name).into(), binary: *binary });
            outputs(&signature(), "m", &wanted.collect::<Vec<_>>(), binary)
        };
        assert_eq!(of(&[], true), Ok(vec![(Output::Values, true)]));
        let two = of(&[("class", Some(false)), ("probabilities", None)], true);
        assert_eq!(two, Ok(vec![(Output::Class, false), (Output::Values, true)]));
        let error = of(&[("y", None)], false).unwrap_err();
        assert!(error.ends_with("its outputs are probabilities, class_index, class, logits"), "{error}");
        let twice = of(&[("class", None), ("logits", None), ("class", Some(true))], false);
        assert_eq!(twice, Ok(vec![(Output::Class, false), (Output::Logits, false)]));
    }
}
