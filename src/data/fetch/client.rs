//! One GET over HTTP or HTTPS, on a thread of its own, so that a signal ends it whatever it is waiting for.

use std::io::{self, Read as _};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use ureq::http::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_RANGE, LAST_MODIFIED, LOCATION, RANGE};
use ureq::http::{HeaderName, Response, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, Timeout};

use super::{Patience, proxy};
use crate::data::Loading;
use crate::error::Result;

/// How many redirects are followed.
const MOST_REDIRECTS: usize = 5;
/// How often a wait looks for a signal.
const TICK: Duration = Duration::from_millis(50);
/// The bytes of a piece, and how many pieces may wait to be written.
const PIECE: usize = 1 << 16;
const WAITING: usize = 16;

/// What transfers have in common.
pub struct Client {
    tls: TlsConfig,
    patience: Patience,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The address.
    pub address: String,
    /// From which byte on.
    pub from: u64,
    /// The version of which the earlier bytes are, where the server named one.
    pub version: Option<String>,
}

/// What comes of a request, in this order: an answer, bytes, an end.
#[derive(Debug)]
pub enum Piece {
    /// The status and the headers.
    Answer(Answer),
    /// Some of the content.
    Bytes(Vec<u8>),
    /// The end of the content, or why nothing more comes.
    End(Result<(), String>),
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
    /// From which byte on.
    pub from: Option<u64>,
    /// The version of the file, by `ETag` or else `Last-Modified`.
    pub version: Option<String>,
}

/// A request under way.
pub struct Transfer {
    pieces: Receiver<Piece>,
    agent: Agent,
}

impl Client {
    /// A client with the certificates of the system, or of `SSL_CERT_FILE` and `SSL_CERT_DIR`; where there are none, with
    /// those of Mozilla.
    pub fn new(patience: Patience) -> Self {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::debug!("certificates: {error}");
        }
        let own: Vec<_> = found.certs.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
        let roots = if own.is_empty() { RootCerts::WebPki } else { RootCerts::Specific(Arc::new(own)) };
        Self { tls: TlsConfig::builder().root_certs(roots).build(), patience }
    }

    /// Sends a request.
    pub fn send(&self, request: Request) -> Transfer {
        let agent = Agent::config_builder()
            .tls_config(self.tls.clone())
            .http_status_as_error(false)
            // Followed here, because each address may have its own proxy.
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("taper/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .max_idle_connections(0)
            .timeout_resolve(Some(self.patience.connection))
            .timeout_connect(Some(self.patience.connection))
            .timeout_per_read(Some(self.patience.silence))
            .timeout_per_write(Some(self.patience.silence))
            .timeout_recv_response(Some(self.patience.silence))
            .build()
            .new_agent();
        let (to, pieces) = sync_channel(WAITING);
        let (own, patience) = (agent.clone(), self.patience);
        let work = move || {
            let end = transfer(&own, &request, &to, patience);
            // Nobody listens after a signal.
            let _ = to.send(Piece::End(end));
        };
        if let Err(error) = thread::Builder::new().name("fetch".to_owned()).spawn(work) {
            tracing::debug!("no thread to fetch with: {error}");
        }
        Transfer { pieces, agent }
    }
}

impl Transfer {
    /// Waits for the next piece.
    ///
    /// # Errors
    /// [`Error::StoppedReading`](crate::error::Error::StoppedReading) after a signal.
    pub fn next(&self, loading: &Loading) -> Result<Piece> {
        loop {
            loading.check()?;
            match self.pieces.recv_timeout(TICK) {
                Ok(piece) => return Ok(piece),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Ok(Piece::End(Err("the system starts no thread".to_owned())));
                }
            }
        }
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        // Closes the connection, so that the thread ends.
        self.agent.clone().shutdown();
    }
}

/// Sends all pieces but the end.
fn transfer(
    agent: &Agent,
    request: &Request,
    to: &SyncSender<Piece>,
    patience: Patience,
) -> Result<(), String> {
    let response = follow(agent, request, patience)?;
    let gone = |_| "nobody waits for it".to_owned();
    to.send(Piece::Answer(Answer::of(&response))).map_err(gone)?;
    let mut body = response.into_body().into_reader();
    loop {
        let mut bytes = vec![0; PIECE];
        let count = body.read(&mut bytes).map_err(|error| reason(error.into(), patience))?;
        if count == 0 {
            return Ok(());
        }
        bytes.truncate(count);
        to.send(Piece::Bytes(bytes)).map_err(gone)?;
    }
}

/// The answer of the last of the addresses that redirects lead to.
fn follow(agent: &Agent, request: &Request, patience: Patience) -> Result<Response<Body>, String> {
    let mut address = request.address.clone();
    for _ in 0..=MOST_REDIRECTS {
        let uri: Uri = address.parse().map_err(|_| format!("{address} is not an address"))?;
        let proxy = proxy::for_address(&uri, |name| std::env::var(name).ok())?;
        let mut get = agent.get(uri).config().proxy(proxy).build();
        if request.from > 0 {
            get = get.header(RANGE, format!("bytes={}-", request.from));
            if let Some(version) = &request.version {
                get = get.header(IF_RANGE, version);
            }
        }
        let response = get.call().map_err(|error| reason(error, patience))?;
        let location = header(&response, &LOCATION).filter(|_| response.status().is_redirection());
        match location {
            Some(location) => address = join(&address, &location),
            None => return Ok(response),
        }
    }
    Err(format!("redirects more than {MOST_REDIRECTS} times"))
}

impl Answer {
    fn of(response: &Response<Body>) -> Self {
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

fn header(response: &Response<Body>, name: &HeaderName) -> Option<String> {
    Some(response.headers().get(name)?.to_str().ok()?.trim().to_owned())
}

/// The address that `location` means on the page at `base` (RFC 3986, section 5.2, without dot segments, which
/// servers resolve).
fn join(base: &str, location: &str) -> String {
    let (scheme, rest) = base.split_once("://").unwrap_or(("http", base));
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{scheme}://{host}{location}")
    } else if location.split(['/', '?', '#']).next().is_some_and(|start| start.ends_with(':')) {
        location.to_owned()
    } else {
        let folder = &path[..path.rfind('/').unwrap_or(0)];
        format!("{scheme}://{host}{folder}/{location}")
    }
}

/// Why a request failed.
fn reason(error: ureq::Error, patience: Patience) -> String {
    let seconds = |duration: Duration| format!("{} s", duration.as_secs_f64());
    match error {
        ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            format!("no connection within {}", seconds(patience.connection))
        }
        ureq::Error::Timeout(_) => format!("no byte for {}", seconds(patience.silence)),
        ureq::Error::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => "connection lost".to_owned(),
            _ => explained(&error.to_string()),
        },
        ureq::Error::ConnectProxyFailed(message) => format!("the proxy refused: {message}"),
        other => explained(&other.to_string()),
    }
}

/// `reason` with what to do about a certificate that nobody vouches for, which is often that of a company's proxy.
fn explained(reason: &str) -> String {
    if reason.contains("UnknownIssuer") {
        "its certificate has an unknown issuer; SSL_CERT_FILE names root certificates".to_owned()
    } else {
        reason.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn redirects_lead_to_every_kind_of_address() {
        for (location, address) in [
            ("https://b.org/c", "https://b.org/c"),
            ("//b.org/c", "http://b.org/c"),
            ("/c?d=http://e", "http://a.org:80/c?d=http://e"),
            ("c", "http://a.org:80/x/c"),
        ] {
            assert_eq!(join("http://a.org:80/x/y", location), address);
        }
        assert_eq!(join("http://a.org", "c"), "http://a.org/c");
    }
}
