//! The schemas of bodies: those with a fixed form from the types that are sent, the others as their protocols define them.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::serve::page::Models;
use crate::serve::reply::Failure;
use crate::serve::tensorflow::ModelStatus;

/// All schemas, by name.
#[must_use]
pub fn schemas() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.for_serialize().into_generator();
    generator.subschema_for::<Failure>();
    generator.subschema_for::<ModelStatus>();
    generator.subschema_for::<Models>();
    let mut all = generator.take_definitions(true);
    for own in [tensorflow(), inference()] {
        if let Value::Object(own) = own {
            all.extend(own);
        }
    }
    all.insert("OpenApi".to_owned(), json!({ "type": "object" }));
    all
}

fn object(required: &[&str], properties: Value) -> Value {
    let mut schema = json!({ "type": "object", "required": required });
    schema["properties"] = properties;
    schema
}

fn list(items: Value) -> Value {
    let mut schema = json!({ "type": "array" });
    schema["items"] = items;
    schema
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn map(values: Value) -> Value {
    let mut schema = json!({ "type": "object" });
    schema["additionalProperties"] = values;
    schema
}

fn described(mut schema: Value, description: &str) -> Value {
    schema["description"] = Value::from(description);
    schema
}

fn to(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn tensorflow() -> Value {
    let number = || json!({ "type": "number" });
    let signature = described(
        text(),
        "`serving_default`, or another name in the model's metadata: `pixels`, `fractions`, `images`, `labels`, `logits`.",
    );
    let instance = "A sample: its value, an object that names the input or the columns of a table, or `{\"b64\": FILE}` for \
                    the signature `images`.";
    let instances = json!({ "type": "array", "minItems": 1, "items": { "description": instance } });
    let value = "The outputs of a sample: a list of numbers, or an object for several outputs.";
    let example =
        described(json!({ "type": "object" }), "A sample: values by the names of columns, or of the input.");
    let tensor = object(
        &["dtype", "tensor_shape", "name"],
        json!({
            "dtype": { "enum": ["DT_FLOAT", "DT_STRING", "DT_INT64"] },
            "tensor_shape": object(&["dim", "unknown_rank"], json!({
                "dim": list(object(&["size", "name"], json!({ "size": text(), "name": text() }))),
                "unknown_rank": { "type": "boolean" },
            })),
            "name": text(),
        }),
    );
    let definition = object(
        &["inputs", "outputs", "method_name", "defaults"],
        json!({
            "inputs": map(to("TensorInfo")),
            "outputs": map(to("TensorInfo")),
            "method_name": text(),
            "defaults": { "type": "object" },
        }),
    );
    let spec = object(
        &["name", "signature_name", "version"],
        json!({ "name": text(), "signature_name": text(), "version": text() }),
    );
    let signatures = object(&["signature_def"], json!({ "signature_def": map(to("SignatureDef")) }));
    let metadata = object(&["signature_def"], json!({ "signature_def": signatures }));
    let either = |first: &str, second: &str| json!([{ "required": [first] }, { "required": [second] }]);
    let predict = json!({
        "signature_name": signature,
        "instances": described(instances, "The samples, one after the other."),
        "inputs": { "description": "The samples as one tensor, or an object that names it." },
    });
    let mut request = object(&[], predict);
    request["oneOf"] = either("instances", "inputs");
    let mut response =
        object(&[], json!({ "predictions": list(json!({ "description": value })), "outputs": {} }));
    response["oneOf"] = either("predictions", "outputs");
    let pair = json!({ "type": "array", "prefixItems": [text(), number()], "minItems": 2, "maxItems": 2 });
    json!({
        "PredictRequest": request,
        "PredictResponse": described(response, "`predictions` for `instances`, `outputs` for `inputs`."),
        "ExamplesRequest": object(&["examples"], json!({
            "signature_name": text(),
            "context": described(example.clone(), "What all examples have in common."),
            "examples": { "type": "array", "minItems": 1, "items": example },
        })),
        "ClassifyResponse": object(&["results"], json!({ "results": list(list(pair)) })),
        "RegressResponse": object(&["results"], json!({ "results": list(number()) })),
        "ModelMetadata": object(&["model_spec", "metadata"], json!({ "model_spec": spec, "metadata": metadata })),
        "SignatureDef": definition,
        "TensorInfo": tensor,
    })
}

fn inference() -> Value {
    let truth = || json!({ "type": "boolean" });
    let shape = || list(json!({ "type": "integer" }));
    let parameters = || json!({ "type": "object" });
    let data = described(json!({ "type": "array" }), "The elements, flat or nested, row by row.");
    let described_tensor = object(
        &["name", "datatype", "shape"],
        json!({ "name": text(), "datatype": text(), "shape": shape() }),
    );
    let input = json!({
        "name": text(),
        "shape": shape(),
        "datatype": { "enum": ["FP32", "FP64", "UINT8", "INT32", "INT64", "BYTES"] },
        "parameters": parameters(),
        "data": data,
    });
    let output = json!({ "name": text(), "shape": shape(), "datatype": text(), "parameters": parameters(), "data": data });
    let wanted = object(&["name"], json!({ "name": text(), "parameters": parameters() }));
    let entry = json!({
        "name": text(),
        "version": text(),
        "state": { "enum": ["READY", "LOADING", "UNAVAILABLE"] },
        "reason": text(),
    });
    json!({
        "ServerMetadata": object(
            &["name", "version", "extensions"],
            json!({ "name": text(), "version": text(), "extensions": list(text()) }),
        ),
        "ModelNames": object(&["models"], json!({ "models": list(text()) })),
        "RepositoryIndexRequest": object(&[], json!({ "ready": truth() })),
        "RepositoryIndex": list(object(&["name", "version", "state", "reason"], entry)),
        "V2Metadata": object(&["name", "versions", "platform", "inputs", "outputs"], json!({
            "name": text(),
            "versions": list(text()),
            "platform": text(),
            "inputs": list(to("TensorMetadata")),
            "outputs": list(to("TensorMetadata")),
        })),
        "TensorMetadata": described_tensor,
        "V2Ready": object(&["name", "ready"], json!({ "name": text(), "ready": truth() })),
        "Health": object(&["live"], json!({ "live": truth(), "ready": truth() })),
        "InferRequest": object(&["inputs"], json!({
            "id": text(),
            "parameters": parameters(),
            "inputs": { "type": "array", "minItems": 1, "items": object(&["name", "shape", "datatype"], input) },
            "outputs": list(wanted),
        })),
        "InferResponse": object(&["model_name", "model_version", "outputs"], json!({
            "model_name": text(),
            "model_version": text(),
            "id": text(),
            "outputs": list(object(&["name", "shape", "datatype"], output)),
        })),
    })
}
