//! Routes each request by its path.

use super::exposition;
use super::metrics::Api;
use super::openapi;
use super::page;
use super::reply::Reply;
use super::service::{Begun, Record, Request, Service};
use super::{tensorflow, v2};

/// Answers `request`, or queues its samples; notes in `record` what it was.
pub fn answer(service: &Service, request: &Request<'_>, record: &mut Record) -> Begun {
    let path = request.path;
    if is_below(path, "/v1") {
        record.api = Api::TensorFlow;
        return tensorflow::answer(service, request, record);
    }
    if is_below(path, "/v2") {
        record.api = Api::V2;
        return v2::answer(service, request, record);
    }
    let (route, reply) = match path {
        "/healthz" | "/livez" => ("health", liveness(service)),
        "/readyz" => ("health", readiness(service)),
        "/metrics" | "/monitoring/prometheus/metrics" => ("metrics", exposition::reply(service)),
        "/openapi.json" => ("openapi", openapi::reply()),
        "/" if service.config.page => ("page", page::reply()),
        "/page/models.json" if service.config.page => ("page", Reply::of(&page::models(&service.registry))),
        _ => {
            let message =
                "Not found; see /v1/models/NAME, /v2, /healthz, /readyz, /metrics and /openapi.json";
            return Begun::Done(Reply::error(404, message));
        }
    };
    record.route = route;
    if matches!(request.method, "GET" | "HEAD") {
        Begun::Done(reply)
    } else {
        Begun::Done(Reply::error(405, "only GET and HEAD are allowed here").with("Allow", "GET, HEAD"))
    }
}

/// Whether `path` is `prefix` or below it, ignoring case.
fn is_below(path: &str, prefix: &str) -> bool {
    path.get(..prefix.len()).is_some_and(|front| front.eq_ignore_ascii_case(prefix))
        && matches!(path.as_bytes().get(prefix.len()), None | Some(b'/'))
}

fn liveness(service: &Service) -> Reply {
    if service.is_alive() {
        return Reply::text(200, "text/plain", "ok\n");
    }
    Reply::text(503, "text/plain", "requests are waiting, but none is being computed\n")
}

fn readiness(service: &Service) -> Reply {
    if service.is_ready() {
        return Reply::text(200, "text/plain", "ready\n");
    }
    let why = if service.is_draining() { "stopping\n" } else { "a model has no version yet\n" };
    Reply::text(503, "text/plain", why)
}
