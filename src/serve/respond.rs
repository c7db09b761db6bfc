//! One request, from its head to its reply.

use std::time::Instant;

use hyper::Response;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName};
use hyper::http::request::Parts;
use tokio::time::timeout_at;

use super::access_log::Line;
use super::answer;
use super::body::Whole;
use super::budget::Share;
use super::headers::{allowed_origin, length, preflight, request_id, respond_with, trace};
use super::metrics::Metrics;
use super::receive;
use super::reply::Reply;
use super::service::{Begun, Record, Request, Waiting};
use super::shared::Shared;
use crate::panics;

/// The bytes beyond which a body is read on a thread of its own, so that others' requests do not wait for it.
const LARGE: usize = 256 << 10;

/// The same for compressed bodies, which may have a thousand times as many after decompression.
const LARGE_PACKED: usize = 4 << 10;

/// Answers one request.
pub async fn respond(shared: &Shared, peer: &str, request: hyper::Request<Incoming>) -> Response<Whole> {
    let arrived = Instant::now();
    let (head, body) = request.into_parts();
    let service = &shared.service;
    // If the client hangs up, hyper drops this future, and the guard counts the request as cancelled.
    let in_flight = InFlight::new(&service.metrics);
    let mut record = Record::new();
    let id = request_id(&head.headers, shared);
    let mut token = None;
    let path = head.uri.path();
    let checked = short_enough(shared, &head).and_then(|()| authorized(shared, &head.headers, path));
    let (mut reply, received) = match checked {
        Ok(name) => {
            token = name;
            answer(shared, &head, body, arrived, &mut record).await
        }
        Err(reply) => (reply, 0),
    };
    if head.method == hyper::Method::HEAD {
        reply.body.clear();
    }
    in_flight.end();
    let time = arrived.elapsed();
    let model = service.metrics.model(record.model.as_deref().unwrap_or("_"));
    model.answered(record.api, reply.status, time);
    if let Some((waited, computed, batch)) = record.computed {
        model.parse_seconds.add(record.parsed.as_secs_f64());
        model.queue_seconds.add(waited.as_secs_f64());
        model.compute_seconds.add(computed.as_secs_f64());
        model.batch_samples.add(batch as f64);
        model.samples.add(record.samples as u64);
    }
    shared.log.write(|| Line {
        id: id.clone(),
        trace: trace(&head.headers),
        peer: peer.to_owned(),
        token,
        method: head.method.to_string(),
        record: record.clone(),
        received,
        sent: reply.body.len(),
        status: reply.status,
        time,
    });
    let origin = allowed_origin(shared, &head.headers);
    respond_with(reply, &id, origin, service.is_draining())
}

/// The reply to an authorized request, and the number of bytes in its body.
async fn answer(
    shared: &Shared,
    head: &Parts,
    body: Incoming,
    arrived: Instant,
    record: &mut Record,
) -> (Reply, usize) {
    // RFC 9112, 3.2: a server must refuse such a request.
    if head.version == hyper::Version::HTTP_11 && !head.headers.contains_key(header::HOST) {
        return (Reply::error(400, "a request of HTTP/1.1 needs a Host header"), 0);
    }
    if head.method == hyper::Method::OPTIONS {
        return (preflight(&head.headers), 0);
    }
    let service = &shared.service;
    let mut share = service.bodies.share();
    let body = match receive::read(service, body, arrived, &mut share).await {
        Ok(body) => body,
        Err(reply) => return (reply, 0),
    };
    let received = body.len();
    let is_packed = head.headers.contains_key(header::CONTENT_ENCODING);
    let is_large = received > if is_packed { LARGE_PACKED } else { LARGE };
    // At most as many large bodies are read at once as there are processors, since reading one takes up to four times its memory.
    let turn = if is_large { service.bodies.turn().await } else { None };
    let begun = begin(shared, head, body, share, is_large, arrived, record);
    drop(turn);
    let reply = match begun {
        None => failed(shared),
        Some(Begun::Done(reply)) => reply,
        Some(Begun::Waiting(waiting)) => {
            if service.is_lone(&waiting) {
                // Other requests may have arrived, but not been read yet. Without the yields, a single I/O
                // thread would compute each request before it reads the next one, and never find two that
                // could share a pass. At the first yield, tokio asks which sockets are ready, but continues
                // here before it reads them; at the second one, it reads them.
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
            }
            predicted(shared, waiting, record).await
        }
    };
    (reply, received)
}

/// What becomes of a request with this `body`, which exists no longer than that takes; `None` after a panic.
fn begin(
    shared: &Shared,
    head: &Parts,
    body: hyper::body::Bytes,
    mut share: Share<'_>,
    is_large: bool,
    arrived: Instant,
    record: &mut Record,
) -> Option<Begun> {
    let text = |name: HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
    let mut work = move || {
        let encoding = text(header::CONTENT_ENCODING);
        let unpacked = match receive::unpack(&shared.service, encoding, &body, &mut share) {
            Ok(unpacked) => unpacked,
            Err(reply) => return Begun::Done(reply),
        };
        let request = Request {
            method: head.method.as_str(),
            path: head.uri.path(),
            json_length: text(HeaderName::from_static("inference-header-content-length")),
            body: unpacked.as_deref().unwrap_or(&body),
            arrived,
        };
        answer::answer(&shared.service, &request, record)
    };
    panics::contain(|| if is_large { tokio::task::block_in_place(work) } else { work() })
}

/// The reply to the request that is `waiting` for its predictions.
async fn predicted(shared: &Shared, mut waiting: Waiting, record: &mut Record) -> Reply {
    let service = &shared.service;
    match panics::contain(|| service.start(&mut waiting)) {
        None => return failed(shared),
        Some(Err(refusal)) => return refusal,
        Some(Ok(())) => {}
    }
    let result = timeout_at(waiting.deadline.into(), &mut waiting.receiver).await;
    let result = result.ok().and_then(Result::ok);
    panics::contain(|| service.finish(waiting, result, record)).unwrap_or_else(|| failed(shared))
}

/// Counts a request as in flight, and as cancelled if it is dropped before its [`end`](Self::end).
struct InFlight<'a> {
    metrics: &'a Metrics,
    ended: bool,
}

impl<'a> InFlight<'a> {
    fn new(metrics: &'a Metrics) -> Self {
        metrics.in_flight.add(1);
        Self { metrics, ended: false }
    }

    fn end(mut self) {
        self.ended = true;
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.metrics.in_flight.subtract(1);
        if !self.ended {
            self.metrics.cancelled.add(1);
        }
    }
}

fn failed(shared: &Shared) -> Reply {
    shared.service.metrics.panics.add(1);
    Reply::error(500, "the server failed to answer; this is a bug in taper")
}

/// Checks that the head is within its limit. hyper has already read it, with a higher limit, because its own
/// refusal has no message.
fn short_enough(shared: &Shared, head: &Parts) -> Result<(), Reply> {
    let (given, most) = (length(head), shared.service.config.limits.head_bytes);
    if given <= most {
        return Ok(());
    }
    shared.service.metrics.rejected_limit.add(1);
    let message = format!(
        "the request head has {given} bytes; `serve.limits.head_bytes` allows {most}: send fewer or shorter headers"
    );
    Err(Reply::error(431, &message).with("Connection", "close"))
}

/// The name of the request's token, if tokens are needed.
fn authorized(shared: &Shared, headers: &HeaderMap, path: &str) -> Result<Option<String>, Reply> {
    let Some(tokens) = &shared.tokens else { return Ok(None) };
    let is_probe = matches!(path, "/healthz" | "/livez" | "/readyz" | "/v2/health/live" | "/v2/health/ready");
    let is_metrics = matches!(path, "/metrics" | "/monitoring/prometheus/metrics");
    // They are the same on every server; a browser loads the page before a token can be given to it.
    let is_public = matches!(path, "/" | "/openapi.json");
    if is_probe || is_public || is_metrics && shared.service.config.auth.metrics_public {
        return Ok(None);
    }
    let given = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or(""));
    if let Some(name) = tokens.name(given) {
        return Ok(Some(name));
    }
    shared.service.metrics.auth_failures.add(1);
    let why = if given.is_none() { "a token is required" } else { "the token is not valid" };
    let message = format!("{why}; send `Authorization: Bearer TOKEN`");
    Err(Reply::error(401, &message).with("WWW-Authenticate", "Bearer"))
}
