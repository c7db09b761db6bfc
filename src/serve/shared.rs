//! What the connections of a server share.

use std::sync::atomic::{AtomicU64, Ordering};

use super::access_log::Log;
use super::auth::Tokens;
use super::notify::Notifier;
use super::service::Service;
use super::tls::Certificate;

/// What the connections of a server share.
pub struct Shared {
    /// Answers requests.
    pub service: Service,
    /// The tokens, if they are needed.
    pub tokens: Option<Tokens>,
    /// The access log.
    pub log: Log,
    /// The certificate, if there is TLS.
    pub certificate: Option<Certificate>,
    /// Identifiers of requests: the first half tells processes apart.
    pub ids: (u64, AtomicU64),
    /// The manager of services that started the server, if there is one.
    pub notifier: Notifier,
}

impl Shared {
    /// A new identifier.
    pub fn next_id(&self) -> String {
        format!("{:08x}-{:x}", self.ids.0 as u32, self.ids.1.fetch_add(1, Ordering::Relaxed))
    }
}
