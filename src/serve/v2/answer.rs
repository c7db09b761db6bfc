//! Answers a request, from its path to its reply or its place in the queue.

use std::sync::Arc;

use serde_json::json;

use super::binary::{self, Parts};
use super::reply::{Form, inferred, outputs};
use super::request::Document;
use super::route::{Route, Unroutable, What, route};
use super::{input, metadata};
use crate::serve::model::Version;
use crate::serve::registry::{Served, Which};
use crate::serve::reply::Reply;
use crate::serve::service::{Begun, Record, Request, Service};

/// Answers a request whose path starts with `/v2`.
pub fn answer(service: &Service, request: &Request<'_>, record: &mut Record) -> Begun {
    let registry = &service.registry;
    let (name, reply) = match route(request.method, request.path) {
        Err(problem) => ("malformed", unroutable(&problem)),
        Ok(Route::Server) => ("server", metadata::server()),
        Ok(Route::Live) => ("health", Reply::value(&json!({ "live": true }))),
        Ok(Route::Ready) => ("health", ready(service)),
        Ok(Route::Models) => ("models", metadata::models(registry)),
        Ok(Route::Index) => ("index", metadata::index(registry, request.body)),
        Ok(Route::Model { model, which, what }) => {
            return of_model(service, request, record, (&model, &which), what).unwrap_or_else(Begun::Done);
        }
    };
    record.route = name;
    Begun::Done(reply)
}

fn of_model(
    service: &Service,
    request: &Request<'_>,
    record: &mut Record,
    (model, which): (&str, &Which),
    what: What,
) -> Result<Begun, Reply> {
    record.route = match what {
        What::Metadata => "metadata",
        What::Ready => "ready",
        What::Infer => "infer",
    };
    let served = service.registry.find(model).ok_or_else(|| unknown(model, which))?;
    record.model = Some(served.name.clone());
    let version = find(served, which)?;
    record.version = Some(version.number);
    match what {
        What::Metadata => Ok(Begun::Done(metadata::model(served, &version))),
        What::Ready => Ok(Begun::Done(Reply::value(&json!({ "name": served.name, "ready": true })))),
        What::Infer => infer(service, request, record, &served.name, &version),
    }
}

fn infer(
    service: &Service,
    request: &Request<'_>,
    record: &mut Record,
    model: &str,
    version: &Arc<Version>,
) -> Result<Begun, Reply> {
    let bad = |message: String| Reply::error(400, &message);
    let model = model.to_owned();
    let (inputs, form) = match binary::split(request.body, request.json_length).map_err(bad)? {
        Parts::Elements(bytes) => {
            let inputs = input::lone_sample(version, bytes).map_err(bad)?;
            let outputs = outputs(&version.signature, &model, &[], true).map_err(bad)?;
            (inputs, Form { model, id: None, outputs })
        }
        Parts::Document(text, bytes) => {
            let Document { id, inputs, outputs: wanted, binary_outputs } =
                Document::read(text).map_err(bad)?;
            let inputs = input::samples(version, &model, inputs, bytes).map_err(bad)?;
            let outputs = outputs(&version.signature, &model, &wanted, binary_outputs).map_err(bad)?;
            (inputs, Form { model, id: id.map(str::to_owned), outputs })
        }
    };
    Ok(service.submit(version, inputs, request, record, move |version, computed| {
        inferred(version, &form, &computed.predictions)
    }))
}

/// The version of a model that a request is for.
fn find(served: &Served, which: &Which) -> Result<Arc<Version>, Reply> {
    served.version(which).map_err(|_| {
        if served.state().versions.is_empty() {
            let message = format!("Model '{}' is not ready: it has no version yet", served.name);
            return Reply::error(503, &message).with("Retry-After", "1");
        }
        unknown(&served.name, which)
    })
}

fn ready(service: &Service) -> Reply {
    let ready = service.is_ready();
    let body = json!({ "live": true, "ready": ready }).to_string();
    Reply::json(if ready { 200 } else { 503 }, body)
}

fn unknown(model: &str, which: &Which) -> Reply {
    let message = match which {
        Which::Number(number) => {
            format!("Request for unknown model: '{model}' version {number} is not found")
        }
        Which::Latest | Which::Label(_) => format!("Request for unknown model: '{model}' is not found"),
    };
    Reply::error(404, &message)
}

fn unroutable(problem: &Unroutable) -> Reply {
    match problem {
        Unroutable::NotFound => Reply::error(404, "Not Found"),
        Unroutable::Method(allowed) => {
            let message = format!("Method Not Allowed; this path takes {allowed}");
            Reply::error(405, &message).with("Allow", *allowed)
        }
        Unroutable::Version(number) => Reply::error(
            400,
            &format!("failed to get model version from specified version string '{number}'"),
        ),
    }
}
