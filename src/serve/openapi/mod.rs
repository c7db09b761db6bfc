//! The description of all paths for programs: OpenAPI 3.1.

mod bodies;
mod operations;

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::reply::{JSON, Reply};
use bodies::schemas;
use operations::{Body, Operation, operations};

static DOCUMENT: LazyLock<String> = LazyLock::new(|| format!("{:#}\n", describe()));

/// The OpenAPI document of a server, which is the same for all models.
#[must_use]
pub fn document() -> &'static str {
    &DOCUMENT
}

/// The reply with the document.
#[must_use]
pub fn reply() -> Reply {
    Reply::json(200, document()).with("Cache-Control", "no-cache")
}

fn describe() -> Value {
    let mut paths = Map::new();
    for operation in operations() {
        let path = paths.entry(&operation.path).or_insert_with(|| json!({}));
        path[operation.method] = describe_operation(&operation);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "taper serve",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Predictions of trained networks, by TensorFlow Serving's REST protocol (`/v1`) and the Open \
                Inference Protocol (`/v2`). GET paths also answer HEAD. Every response has an `X-Request-Id`.",
            "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
        },
        "servers": [{ "url": "/" }],
        "security": [{}, { "token": [] }],
        "tags": [
            { "name": "TensorFlow Serving" },
            { "name": "Open Inference Protocol" },
            { "name": "health", "description": "For load balancers and orchestrators; needs no token." },
            { "name": "server" },
        ],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": {
                "type": "http",
                "scheme": "bearer",
                "description": "Required if `serve.auth.tokens` names a file of tokens.",
            } },
            "schemas": schemas(),
        },
    })
}

fn describe_operation(operation: &Operation) -> Value {
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
    });
    if operation.public {
        described["security"] = json!([]);
    }
    let parameters: Vec<Value> = operation.path.split('{').skip(1).filter_map(parameter).collect();
    if !parameters.is_empty() {
        described["parameters"] = Value::from(parameters);
    }
    if let Some((required, body)) = &operation.request {
        described["requestBody"] = json!({ "required": required, "content": content(body) });
    }
    let mut responses = json!({ "200": { "description": "OK", "content": content(&operation.response) } });
    for (status, body) in operation.errors() {
        let response = json!({ "description": meaning(status), "content": content(&body) });
        responses[status.to_string()] = response;
    }
    described["responses"] = responses;
    described
}

/// A parameter of a path, from the text after its brace.
fn parameter(rest: &str) -> Option<Value> {
    let (name, _) = rest.split_once('}')?;
    let (description, schema) = match name {
        "version" => {
            ("The number of a version.", json!({ "type": "integer", "format": "int64", "minimum": 0 }))
        }
        "label" => ("A label of `serve.models.NAME.labels`.", json!({ "type": "string" })),
        _ => ("The name of a model.", json!({ "type": "string" })),
    };
    Some(
        json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema }),
    )
}

fn content(body: &Body) -> Value {
    match body {
        Body::Text(kind) => json!({ *kind: { "schema": { "type": "string" } } }),
        Body::Json(schema) => json!({ JSON: { "schema": reference(schema) } }),
        Body::Tensors(schema) => json!({
            JSON: { "schema": reference(schema) },
            "application/octet-stream": { "schema": { "description":
                "JSON of the length in the header `Inference-Header-Content-Length`, then the elements of binary tensors." } },
        }),
    }
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The request does not fit the model or the protocol; the message says where.",
        401 => "A token is required, or the token is not valid.",
        404 => "There is no such model or version.",
        413 => "The body or the number of samples is above a limit.",
        503 => "Too many requests are waiting, no version is loaded yet, or the server is stopping.",
        504 => "Not answered in time.",
        _ => "Failed.",
    }
}
