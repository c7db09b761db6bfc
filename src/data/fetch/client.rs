//! A GET request over HTTP or HTTPS, on a thread of its own, so that a signal ends it at once.

use std::io::Read as _;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::Patience;
use super::failure::reason;
use super::message::{Answer, Request};
use super::redirects::follow;
use crate::data::Loading;
use crate::error::Result;

/// The interval at which signals are checked.
const TICK: Duration = Duration::from_millis(50);
/// The bytes of a piece, and the number of pieces in the queue.
const PIECE: usize = 1 << 16;
const WAITING: usize = 16;

/// The settings of all transfers.
pub struct Client {
    tls: TlsConfig,
    patience: Patience,
}

/// A part of the answer to a request: first its headers, then its content, then the end.
#[derive(Debug)]
pub enum Piece {
    /// The status and the headers.
    Answer(Answer),
    /// Some of the content.
    Bytes(Vec<u8>),
    /// The end of the content, or the reason why it ended early.
    End(Result<(), String>),
}

/// A request in progress.
pub struct Transfer {
    pieces: Receiver<Piece>,
    agent: Agent,
}

impl Client {
    /// A client with the root certificates of the system, or of `SSL_CERT_FILE` and `SSL_CERT_DIR`; if there are none,
    /// with Mozilla's.
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
            // After a signal there is no receiver.
            let _ = to.send(Piece::End(end));
        };
        if let Err(error) = thread::Builder::new().name("fetch".to_owned()).spawn(work) {
            tracing::debug!("cannot start a thread to fetch with: {error}");
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
                    return Ok(Piece::End(Err("no thread could be started".to_owned())));
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

/// Sends all pieces except the end.
fn transfer(
    agent: &Agent,
    request: &Request,
    to: &SyncSender<Piece>,
    patience: Patience,
) -> Result<(), String> {
    let response = follow(agent, request, patience)?;
    let gone = |_| "the receiver is gone".to_owned();
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
