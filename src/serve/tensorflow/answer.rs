//! Answers a request, from its path to its reply or its place in the queue.

use std::sync::Arc;

use super::status::{absent, status, unknown};
use super::{
    Call, Document, Method, Request, Route, call, classified, examples, metadata, predicted, regressed, route,
};
use crate::data::input::Inputs;
use crate::serve::model::Version;
use crate::serve::registry::Which;
use crate::serve::reply::Reply;
use crate::serve::service::{Begun, Record, Request as Received, Service};

/// Answers a request whose path starts with `/v1`.
pub fn answer(service: &Service, request: &Received<'_>, record: &mut Record) -> Begun {
    let route = match route(request.method, request.path) {
        Ok(route) => route,
        Err(problem) => {
            record.route = "malformed";
            return Begun::Done(Reply::error(400, &problem.message(request.method, request.path)));
        }
    };
    let known = |model: &str| service.registry.find(model).map(|served| served.name.clone());
    match route {
        Route::Call { model, which, method } => {
            let which = served(service, &model, which);
            record.model = known(&model);
            record.route = match method {
                Method::Predict => "predict",
                Method::Classify => "classify",
                Method::Regress => "regress",
            };
            let begun = match method {
                Method::Predict => predict(service, request, record, &model, &which),
                _ => example(service, request, record, (&model, &which), method),
            };
            begun.unwrap_or_else(Begun::Done)
        }
        Route::Status { model, which } => {
            let which = served(service, &model, which);
            (record.model, record.route) = (known(&model), "status");
            Begun::Done(service.registry.find(&model).map_or_else(|| unknown(&model), |m| status(m, &which)))
        }
        Route::Metadata { model, which } => {
            let which = served(service, &model, which);
            (record.model, record.route) = (known(&model), "metadata");
            Begun::Done(find(service, &model, &which).map_or_else(|reply| reply, |v| metadata(&model, &v)))
        }
    }
}

fn predict(
    service: &Service,
    request: &Received<'_>,
    record: &mut Record,
    model: &str,
    which: &Which,
) -> Result<Begun, Reply> {
    let bad = |message: String| Reply::error(400, &message);
    let document = Document::read(text(request.body)?).map_err(bad)?;
    let version = find(service, model, which)?;
    record.version = Some(version.number);
    let call: Call = call(&version, document.signature.as_deref()).map_err(bad)?;
    let Request { form, inputs } = document.samples(&version, call).map_err(bad)?;
    Ok(service.submit(&version, inputs, request, record, move |version, computed| {
        predicted(&version.signature, form, call.output, &computed.predictions)
    }))
}

fn example(
    service: &Service,
    request: &Received<'_>,
    record: &mut Record,
    (model, which): (&str, &Which),
    method: Method,
) -> Result<Begun, Reply> {
    let bad = |message: String| Reply::error(400, &message);
    let document = Document::read(text(request.body)?).map_err(bad)?;
    let examples = examples(&document).map_err(bad)?;
    let version = find(service, model, which)?;
    record.version = Some(version.number);
    check(&version, &document, method).map_err(bad)?;
    let inputs: Inputs = examples.samples(&version).map_err(bad)?;
    Ok(service.submit(&version, inputs, request, record, move |version, computed| match method {
        Method::Classify => classified(&version.signature, &computed.predictions),
        _ => regressed(&computed.predictions),
    }))
}

/// Checks that `version` supports `method`.
fn check(version: &Version, document: &Document<'_>, method: Method) -> Result<(), String> {
    // Any name that contains the method's name is accepted; TensorFlow models have names such as
    // `regress_x_to_y`.
    let named = document.signature.as_deref().unwrap_or_default();
    let own = if method == Method::Classify { "classify" } else { "regress" };
    if !named.contains(own) {
        call(version, Some(named))?;
    }
    let signature = &version.signature;
    match method {
        Method::Classify if signature.classes.is_empty() => {
            Err("this model predicts numbers, not classes; use :regress or :predict".to_owned())
        }
        Method::Regress if !signature.classes.is_empty() => {
            Err("this model predicts classes, not numbers; use :classify or :predict".to_owned())
        }
        Method::Regress if signature.outputs != 1 => {
            Err(format!("this model predicts {} numbers per sample; use :predict", signature.outputs))
        }
        _ => Ok(()),
    }
}

/// `which`, but the latest version in place of version 0, unless there is one: OpenVINO's clients ask for 0 by default.
fn served(service: &Service, model: &str, which: Which) -> Which {
    let is_absent = || service.registry.find(model).is_some_and(|served| served.version(&which).is_err());
    if which == Which::Number(0) && is_absent() { Which::Latest } else { which }
}

fn find(service: &Service, model: &str, which: &Which) -> Result<Arc<Version>, Reply> {
    let missing = || Reply::error(404, &super::not_found(model, which));
    let served = service.registry.find(model).ok_or_else(missing)?;
    served.version(which).map_err(|problem| absent(model, which, problem))
}

fn text(body: &[u8]) -> Result<&str, Reply> {
    if body.is_empty() {
        return Err(Reply::error(400, "JSON Parse error: The document is empty"));
    }
    std::str::from_utf8(body).map_err(|error| {
        let message =
            format!("JSON Parse error: Invalid encoding in string. at offset: {}", error.valid_up_to());
        Reply::error(400, &message)
    })
}
