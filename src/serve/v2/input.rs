//! The only input of a request.

use super::request::Input;
use super::tensor::Tensor;
use crate::data::input::Inputs;
use crate::serve::model::Version;

/// The samples of the only one of `inputs`, whose elements are in its JSON or in `binary`, for `version` of the model
/// called `model`.
///
/// # Errors
/// If they do not fit the network; the message is for the client.
pub fn samples(
    version: &Version,
    model: &str,
    inputs: Vec<Input<'_>>,
    binary: &[u8],
) -> Result<Inputs, String> {
    let expected = &version.signature.input;
    let names: Vec<&str> = inputs.iter().map(|input| &*input.name).collect();
    if let Some(name) = names.iter().find(|name| *name != expected) {
        return Err(format!(
            "unexpected inference input '{name}' for model '{model}'; its input is '{expected}'"
        ));
    }
    let count = names.len();
    let Ok([input]) = <[Input<'_>; 1]>::try_from(inputs) else {
        return Err(format!(
            "expected 1 input but got {count} inputs for model '{model}': send '{expected}' once"
        ));
    };
    let tensor = Tensor::new(version, model, &input)?;
    let Input { name, data, binary_size, .. } = input;
    let of_input = |message: String| format!("input '{name}': {message}");
    match (data, binary_size) {
        (Some(_), Some(_)) => {
            Err(format!("Input must set only one of 'data' and 'binary_data_size': '{name}'"))
        }
        (None, None) => Err(format!("input '{name}' has neither 'data' nor 'binary_data_size'")),
        (None, Some(size)) => {
            let bytes = own_bytes(binary, size, &name, model)?;
            tensor.read_bytes(bytes).map_err(of_input)
        }
        (Some(_), None) if !binary.is_empty() => Err(unexpected(binary.len(), model)),
        (Some(data), None) => tensor
            .read_json(data)
            .map_err(|message| format!("Unable to parse 'data': input '{name}': {message}")),
    }
}

/// The sample in `bytes`, a body without JSON: 32-bit floats.
///
/// # Errors
/// If it does not fit the network; the message is for the client.
pub fn lone_sample(version: &Version, bytes: &[u8]) -> Result<Inputs, String> {
    let name = &version.signature.input;
    let expected = version.signature.values().saturating_mul(4);
    if bytes.len() != expected {
        let got = bytes.len();
        return Err(format!(
            "unexpected size for input '{name}': a body without JSON is one sample of FP32. Expected {expected}, got {got}"
        ));
    }
    Tensor::lone(version).read_bytes(bytes).map_err(|message| format!("input '{name}': {message}"))
}

/// The `size` bytes of an input after the JSON, which must be all that follows it.
fn own_bytes<'a>(binary: &'a [u8], size: usize, name: &str, model: &str) -> Result<&'a [u8], String> {
    match size.checked_sub(binary.len()) {
        Some(0) => Ok(binary),
        Some(missing) => {
            let hint = if binary.is_empty() {
                "; `Inference-Header-Content-Length` gives the length of the JSON"
            } else {
                ""
            };
            Err(format!(
                "unexpected size for input '{name}', expecting {missing} additional bytes for model '{model}'{hint}"
            ))
        }
        None => Err(unexpected(binary.len() - size, model)),
    }
}

fn unexpected(bytes: usize, model: &str) -> String {
    format!("unexpected additional input data for model '{model}': {bytes} bytes")
}
