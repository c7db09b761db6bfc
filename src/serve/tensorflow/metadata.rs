//! The signatures of a version.

use serde_json::{Map, Value, json};

use super::{Input, Output, signatures};
use crate::serve::model::Version;
use crate::serve::reply::Reply;

/// The signatures of `version` of the model called `model`.
#[must_use]
pub fn metadata(model: &str, version: &Version) -> Reply {
    let signature = &version.signature;
    let tensor = |kind: &str, sizes: &[i64], name: &str| {
        let dim: Vec<Value> =
            sizes.iter().map(|size| json!({ "size": size.to_string(), "name": "" })).collect();
        let shape = json!({ "dim": dim, "unknown_rank": false });
        json!({ "dtype": kind, "tensor_shape": shape, "name": format!("{name}:0") })
    };
    let sample = signature.shape.iter().map(|size| i64::try_from(*size).unwrap_or(i64::MAX));
    let sample: Vec<i64> = std::iter::once(-1).chain(sample).collect();
    let outputs = i64::try_from(signature.outputs).unwrap_or(i64::MAX);
    let mut all = Map::new();
    for (name, call) in signatures(version) {
        let input = match call.input {
            Input::Numbers(_) => tensor("DT_FLOAT", &sample, &signature.input),
            Input::Pictures => tensor("DT_STRING", &[-1], &signature.input),
        };
        let output = match call.output {
            Output::Values => {
                let name = signature.output();
                json!({ name: tensor("DT_FLOAT", &[-1, outputs], name) })
            }
            Output::Logits => json!({ "logits": tensor("DT_FLOAT", &[-1, outputs], "logits") }),
            Output::Labels => json!({
                "class": tensor("DT_STRING", &[-1], "class"),
                "class_index": tensor("DT_INT64", &[-1], "class_index"),
                "probability": tensor("DT_FLOAT", &[-1], "probability"),
            }),
        };
        let input_name = signature.input.as_str();
        let definition = json!({
            "inputs": { input_name: input },
            "outputs": output,
            "method_name": "tensorflow/serving/predict",
            "defaults": {},
        });
        all.insert(name.to_owned(), definition);
    }
    Reply::value(&json!({
        "model_spec": { "name": model, "signature_name": "", "version": version.number.to_string() },
        "metadata": { "signature_def": { "signature_def": all } },
    }))
}
