//! Metadata of the server and its models.

use serde_json::{Value, json};

use super::reply::Output;
use crate::serve::model::Version;
use crate::serve::registry::{Registry, Served};
use crate::serve::reply::Reply;

/// The server's metadata.
#[must_use]
pub fn server() -> Reply {
    let version = env!("CARGO_PKG_VERSION");
    Reply::value(&json!({ "name": "taper", "version": version, "extensions": ["binary_tensor_data"] }))
}

/// The inputs and outputs of `version` of `served`, and the numbers of all its versions.
#[must_use]
pub fn model(served: &Served, version: &Version) -> Reply {
    let signature = &version.signature;
    let versions: Vec<String> =
        served.state().versions.iter().map(|version| version.number.to_string()).collect();
    let size = |size: &usize| Value::from(*size);
    let shape: Vec<Value> =
        std::iter::once(Value::from(-1)).chain(signature.shape.iter().map(size)).collect();
    let output = |output: Output| {
        let shape: Vec<Value> =
            std::iter::once(Value::from(-1)).chain(output.width(signature).as_ref().map(size)).collect();
        json!({ "name": output.name(signature), "datatype": output.datatype(), "shape": shape })
    };
    Reply::value(&json!({
        "name": served.name,
        "versions": versions,
        "platform": "taper_safetensors",
        "inputs": [{ "name": signature.input, "datatype": "FP32", "shape": shape }],
        "outputs": Output::all(signature).map(output).collect::<Vec<_>>(),
    }))
}

/// The names of all models.
#[must_use]
pub fn models(registry: &Registry) -> Reply {
    let names: Vec<&str> = registry.all().map(|model| model.name.as_str()).collect();
    Reply::value(&json!({ "models": names }))
}

/// The versions of all models; `body` may ask for those that can predict, with `{"ready": true}`.
#[must_use]
pub fn index(registry: &Registry, body: &[u8]) -> Reply {
    let only_ready = match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(members)) => members.get("ready") == Some(&Value::Bool(true)),
        _ if body.trim_ascii().is_empty() => false,
        _ => return Reply::error(400, "failed to parse the request JSON buffer: it is not an object"),
    };
    let entry = |name: &str, version: u64, state: &str, reason: &str| json!({ "name": name, "version": version.to_string(), "state": state, "reason": reason });
    let mut entries = Vec::new();
    for model in registry.all() {
        let state = model.state();
        entries.extend(state.versions.iter().map(|version| entry(&model.name, version.number, "READY", "")));
        if only_ready {
            continue;
        }
        entries.extend(state.loading.map(|number| entry(&model.name, number, "LOADING", "")));
        let failed = state.failed.as_ref();
        entries.extend(failed.map(|(number, reason)| entry(&model.name, *number, "UNAVAILABLE", reason)));
    }
    Reply::value(&Value::Array(entries))
}
