//! One connection: requests within their limits, one after the other.

use std::borrow::Cow;
use std::convert::Infallible;
use std::future::Future as _;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{sleep_until, timeout_at};

use super::access_log::Line;
use super::auth::Tokens;
use super::body::{self, Unpackable, Unreadable, Whole};
use super::io::{Activity, Io, Phase};
use super::reply::Reply;
use super::server::Shared;
use super::service::{Begun, Record, Request};
use crate::panics;

/// How long an idle connection is kept when the server stops: a request that is on its way is still answered.
const LINGER: Duration = Duration::from_millis(500);

/// The bytes from which on a body is read on a thread of its own, so that others' requests do not wait for it.
const LARGE: usize = 256 << 10;

/// Serves the requests of `socket` until the client, a limit or `draining` ends it.
pub async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    socket: S,
    peer: Arc<str>,
    shared: Arc<Shared>,
    mut draining: watch::Receiver<bool>,
) {
    let activity = Activity::new();
    let io = Io::new(socket, Arc::clone(&activity));
    let limits = shared.service.config.limits.clone();
    let answer = service_fn(|request: hyper::Request<Incoming>| {
        activity.enter(Phase::Answer);
        let (shared, peer, activity) = (Arc::clone(&shared), Arc::clone(&peer), Arc::clone(&activity));
        async move {
            let response = respond(&shared, &peer, request).await;
            activity.enter(Phase::Write);
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .max_buf_size(limits.head_bytes.max(8_192))
        .half_close(true)
        .pipeline_flush(true)
        .serve_connection(io, answer);
    let mut connection = pin!(connection);
    let mut stopping = *draining.borrow();
    loop {
        let (phase, since) = activity.now();
        let seconds = match phase {
            Phase::Idle if stopping => LINGER.as_secs_f64(),
            Phase::Idle => limits.idle_seconds,
            Phase::Head => limits.head_seconds,
            // A request has deadlines of its own; this one only looks again.
            Phase::Answer => 3_600.0,
            Phase::Write => limits.write_seconds,
        };
        let end = since + Duration::from_secs_f64(seconds);
        let mut timer = pin!(sleep_until(end.into()));
        let mut changed = pin!(draining.changed());
        let event = std::future::poll_fn(|context| {
            if connection.as_mut().poll(context).is_ready() {
                return Poll::Ready(Event::Ended);
            }
            if !stopping && changed.as_mut().poll(context).is_ready() {
                return Poll::Ready(Event::Draining);
            }
            // A phase that changed has another end.
            if activity.now() != (phase, since) || timer.as_mut().poll(context).is_ready() {
                return Poll::Ready(Event::Look);
            }
            Poll::Pending
        })
        .await;
        match event {
            Event::Ended => return,
            Event::Draining => stopping = true,
            Event::Look if activity.now() != (phase, since) => {}
            Event::Look if phase == Phase::Answer => {}
            Event::Look => return,
        }
        if stopping && activity.now().0 != Phase::Idle {
            // After the reply, the connection is closed.
            connection.as_mut().graceful_shutdown();
        }
    }
}

enum Event {
    Ended,
    Draining,
    Look,
}

/// Answers one request.
async fn respond(shared: &Shared, peer: &str, request: hyper::Request<Incoming>) -> Response<Whole> {
    let arrived = Instant::now();
    let (head, body) = request.into_parts();
    let service = &shared.service;
    service.metrics.in_flight.add(1);
    let mut record = Record::new();
    let id = request_id(&head.headers, shared);
    let mut token = None;
    let path = head.uri.path();
    let (mut reply, received) = match authorized(shared, &head.headers, path) {
        Ok(name) => {
            token = name;
            answer(shared, &head, body, arrived, &mut record).await
        }
        Err(reply) => (reply, 0),
    };
    if head.method == hyper::Method::HEAD {
        reply.body.clear();
    }
    service.metrics.in_flight.subtract(1);
    let time = arrived.elapsed();
    let model = service.metrics.model(record.model.as_deref().unwrap_or("_"));
    model.answered(record.api, reply.status, time);
    model.parse_seconds.add(record.parsed.as_secs_f64());
    if let Some((waited, computed, batch)) = record.computed {
        model.queue_seconds.add(waited.as_secs_f64());
        model.compute_seconds.add(computed.as_secs_f64());
        model.batch_samples.add(batch as f64);
        model.samples.add(record.samples as u64);
    }
    shared.log.write(|| Line {
        id: id.to_string(),
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
    head: &hyper::http::request::Parts,
    body: Incoming,
    arrived: Instant,
    record: &mut Record,
) -> (Reply, usize) {
    if head.method == hyper::Method::OPTIONS {
        return (preflight(&head.headers), 0);
    }
    let body = match read(shared, &head.headers, body, arrived).await {
        Ok(body) => body,
        Err(reply) => return (reply, 0),
    };
    let text = |name: HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
    let service = &shared.service;
    let limit = service.config.limits.body_bytes;
    let mut work = || {
        let unpacked = match body::unpack(text(header::CONTENT_ENCODING), &body, limit) {
            Ok(unpacked) => unpacked,
            Err(problem) => return Begun::Done(not_unpacked(shared, &problem)),
        };
        let request = Request {
            method: head.method.as_str(),
            path: head.uri.path(),
            json_length: text(HeaderName::from_static("inference-header-content-length")),
            body: unpacked.as_deref().unwrap_or(&body),
            arrived,
        };
        service.begin(&request, record)
    };
    let begun =
        panics::contain(|| if body.len() > LARGE { tokio::task::block_in_place(work) } else { work() });
    let reply = match begun {
        None => failed(shared),
        Some(Begun::Done(reply)) => reply,
        Some(Begun::Waiting(waiting)) => {
            let (receiver, deadline, finish) = waiting.split();
            // The client may hang up meanwhile: hyper then drops this future, and the queue sees it.
            let cancelled = Cancelled { shared, done: false };
            let result = timeout_at(deadline.into(), receiver).await.ok().and_then(Result::ok);
            cancelled.done();
            panics::contain(|| service.finish(finish, result, record)).unwrap_or_else(|| failed(shared))
        }
    };
    (reply, body.len())
}

/// Counts a request whose future is dropped before its predictions arrive.
struct Cancelled<'a> {
    shared: &'a Shared,
    done: bool,
}

impl Cancelled<'_> {
    fn done(mut self) {
        self.done = true;
    }
}

impl Drop for Cancelled<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.shared.service.metrics.cancelled.add(1);
            self.shared.service.metrics.in_flight.subtract(1);
        }
    }
}

fn failed(shared: &Shared) -> Reply {
    shared.service.metrics.panics.add(1);
    Reply::error(500, "the server failed to answer; this is a bug in taper")
}

/// The name of the request's token, if tokens are needed.
fn authorized(shared: &Shared, headers: &HeaderMap, path: &str) -> Result<Option<String>, Reply> {
    let Some(tokens) = &shared.tokens else { return Ok(None) };
    let is_probe = matches!(path, "/healthz" | "/livez" | "/readyz" | "/v2/health/live" | "/v2/health/ready");
    let is_metrics = matches!(path, "/metrics" | "/monitoring/prometheus/metrics");
    if is_probe || is_metrics && shared.service.config.auth.metrics_public {
        return Ok(None);
    }
    let given = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or(""));
    match Tokens::name(tokens, given) {
        Some(name) => Ok(Some(name)),
        None => {
            shared.service.metrics.auth_failures.add(1);
            let why = if given.is_none() { "a token is needed" } else { "the token is not valid" };
            let message = format!("{why}; send `Authorization: Bearer TOKEN`");
            Err(Reply::error(401, &message).with("WWW-Authenticate", "Bearer"))
        }
    }
}

async fn read(
    shared: &Shared,
    headers: &HeaderMap,
    body: Incoming,
    arrived: Instant,
) -> Result<hyper::body::Bytes, Reply> {
    let limits = &shared.service.config.limits;
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let too_large = || {
        shared.service.metrics.rejected_limit.add(1);
        let most = limits.body_bytes;
        let message = format!("the body has more than {most} bytes, which `serve.limits.body_bytes` allows");
        Reply::error(413, &message).with("Connection", "close")
    };
    if length.is_some_and(|length| length > limits.body_bytes as u64) {
        return Err(too_large());
    }
    let deadline = arrived + Duration::from_secs_f64(limits.body_seconds);
    match timeout_at(deadline.into(), body::read(body, limits.body_bytes)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(Unreadable::TooLarge)) => Err(too_large()),
        Ok(Err(Unreadable::Cut)) => {
            Err(Reply::error(400, "the body is incomplete").with("Connection", "close"))
        }
        Err(_) => {
            shared.service.metrics.rejected_limit.add(1);
            let seconds = limits.body_seconds;
            let message = format!(
                "the body did not arrive within {seconds} seconds, which `serve.limits.body_seconds` allows"
            );
            Err(Reply::error(408, &message).with("Connection", "close"))
        }
    }
}

fn not_unpacked(shared: &Shared, problem: &Unpackable) -> Reply {
    match problem {
        Unpackable::Encoding => {
            Reply::error(415, "Unsupported compression type: gzip and deflate can be unpacked")
                .with("Accept-Encoding", "gzip, deflate")
        }
        Unpackable::Damaged => Reply::error(400, "the body cannot be unpacked as its Content-Encoding says"),
        Unpackable::TooLarge => {
            shared.service.metrics.rejected_limit.add(1);
            let most = shared.service.config.limits.body_bytes;
            let message = format!(
                "the body has more than {most} bytes once unpacked, which `serve.limits.body_bytes` allows"
            );
            Reply::error(413, &message)
        }
    }
}

/// A browser asks what it may send.
fn preflight(headers: &HeaderMap) -> Reply {
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok()).unwrap_or("");
    let is_page = origin.starts_with("http://") || origin.starts_with("https://");
    Reply::text(if is_page { 200 } else { 400 }, super::reply::JSON, "")
}

/// The value of `Access-Control-Allow-Origin`, if the page that sends the request may read the reply.
fn allowed_origin(shared: &Shared, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    let allowed = &shared.service.config.cors_origins;
    match allowed.iter().any(|allowed| allowed == "*") {
        true => Some(HeaderValue::from_static("*")),
        false => {
            allowed.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()).then(|| origin.clone())
        }
    }
}

/// The identifier of a request: what the client calls it, or a number.
fn request_id(headers: &HeaderMap, shared: &Shared) -> Cow<'static, str> {
    let given = headers.get("x-request-id").and_then(|value| value.to_str().ok());
    let usable =
        given.filter(|id| !id.is_empty() && id.len() <= 128 && id.bytes().all(|b| b.is_ascii_graphic()));
    usable.map_or_else(|| Cow::Owned(shared.next_id()), |id| Cow::Owned(id.to_owned()))
}

/// The identifier of a distributed trace in `traceparent` (W3C Trace Context, 2021), if it is valid.
fn trace(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("traceparent")?.to_str().ok()?;
    let mut parts = value.split('-');
    let (version, trace, parent) = (parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
    let valid =
        is_hex(version, 2) && is_hex(trace, 32) && is_hex(parent, 16) && trace.bytes().any(|b| b != b'0');
    valid.then(|| trace.to_owned())
}

fn respond_with(reply: Reply, id: &str, origin: Option<HeaderValue>, draining: bool) -> Response<Whole> {
    let mut response = Response::new(Whole::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value))
        {
            headers.insert(name, value);
        }
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-request-id", id);
    }
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST, GET"));
        let names = HeaderValue::from_static("Content-Type, Authorization, Inference-Header-Content-Length");
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
        headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    }
    if draining {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
