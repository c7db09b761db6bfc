//! A request, and the status and headers that answer it.

use ureq::Body;
use ureq::http::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, LAST_MODIFIED};
use ureq::http::{HeaderName, Response};

/// A request for a file, or the rest of it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The address.
    pub address: String,
    /// The first byte.
    pub from: u64,
    /// The version of the bytes before it, if the server named one.
    pub version: Option<String>,
}

/// The status and the headers.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The status with its name, as in "404 Not Found".
    pub status: String,
    /// The status.
    pub code: u16,
    /// The number of bytes to come.
    pub length: Option<u64>,
    /// The first byte that is sent.
    pub from: Option<u64>,
    /// The version of the file, by `ETag` or else `Last-Modified`.
    pub version: Option<String>,
}

impl Answer {
    /// Reads the headers of a response.
    #[must_use]
    pub fn of(response: &Response<Body>) -> Self {
        let number = |name: &HeaderName| header(response, name)?.parse().ok();
        // `bytes 200-999/1000`
        let range = header(response, &CONTENT_RANGE);
        let from = range.and_then(|range| range.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok());
        // A weak tag stands for equivalent files, which may differ in their bytes.
        let tag = header(response, &ETAG).filter(|tag| !tag.starts_with("W/"));
        Self {
            status: response.status().to_string(),
            code: response.status().as_u16(),
            length: number(&CONTENT_LENGTH),
            from,
            version: tag.or_else(|| header(response, &LAST_MODIFIED)),
        }
    }
}

/// A header's value, if it is text.
pub fn header(response: &Response<Body>, name: &HeaderName) -> Option<String> {
    Some(response.headers().get(name)?.to_str().ok()?.trim().to_owned())
}
