//! Headers of requests and responses.

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};

use super::body::Whole;
use super::reply::{JSON, Reply};
use super::shared::Shared;

/// The length of a head in bytes, in its usual spelling.
pub fn length(head: &Parts) -> usize {
    let uri = &head.uri;
    let place = uri.authority().map_or(0, |host| host.as_str().len() + "http://".len());
    let line =
        head.method.as_str().len() + place + uri.path_and_query().map_or(0, |path| path.as_str().len());
    let headers = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    line + "  HTTP/1.1\r\n\r\n".len() + headers.sum::<usize>()
}

/// The reply to a browser's preflight request, which asks what it may send.
pub fn preflight(headers: &HeaderMap) -> Reply {
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok()).unwrap_or("");
    let is_page = origin.starts_with("http://") || origin.starts_with("https://");
    Reply::text(if is_page { 200 } else { 400 }, JSON, "")
}

/// The value of `Access-Control-Allow-Origin`, if the page that sends the request may read the reply.
pub fn allowed_origin(shared: &Shared, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    let allowed = &shared.service.config.cors_origins;
    if allowed.iter().any(|allowed| allowed == "*") {
        return Some(HeaderValue::from_static("*"));
    }
    allowed.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()).then(|| origin.clone())
}

/// The identifier of a request: the client's, or else a number.
pub fn request_id(headers: &HeaderMap, shared: &Shared) -> String {
    let given = headers.get("x-request-id").and_then(|value| value.to_str().ok());
    let usable =
        given.filter(|id| !id.is_empty() && id.len() <= 128 && id.bytes().all(|b| b.is_ascii_graphic()));
    usable.map_or_else(|| shared.next_id(), str::to_owned)
}

/// The identifier of a distributed trace in `traceparent` (W3C Trace Context, 2021), if it is valid.
pub fn trace(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("traceparent")?.to_str().ok()?;
    let mut parts = value.split('-');
    let (version, trace, parent) = (parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
    let valid =
        is_hex(version, 2) && is_hex(trace, 32) && is_hex(parent, 16) && trace.bytes().any(|b| b != b'0');
    valid.then(|| trace.to_owned())
}

/// `reply` as an HTTP response, for the request with the identifier `id`. After it, a server that is `draining` closes the
/// connection.
pub fn respond_with(reply: Reply, id: &str, origin: Option<HeaderValue>, draining: bool) -> Response<Whole> {
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
