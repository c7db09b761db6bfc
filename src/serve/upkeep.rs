//! Keeps models, tokens and certificates up to date.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::auth::Tokens;
use super::shared::Shared;
use super::tls::Certificate;
use super::watch::Watcher;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;

/// How often a pause looks whether the server stops; nothing waits for its end.
const LOOK: Duration = Duration::from_millis(500);

/// Looks at the sources of the models, and at the files of tokens and certificates, now and then.
///
/// # Errors
/// [`Error::Threads`] if the system refuses a thread.
pub fn start(mut watcher: Watcher, shared: Arc<Shared>, interrupt: Interrupt) -> Result<()> {
    let seconds = shared.service.config.poll_seconds;
    if seconds <= 0.0 {
        return Ok(());
    }
    let look = move || {
        let times = |shared: &Shared| {
            let tokens = shared.tokens.iter().map(Tokens::path);
            let certificate = shared.certificate.iter().flat_map(Certificate::files);
            let files = tokens.chain(certificate);
            files.map(|path| std::fs::metadata(path).and_then(|f| f.modified()).ok()).collect::<Vec<_>>()
        };
        let mut before = times(&shared);
        while interrupt.signal().is_none() {
            pause(seconds, &interrupt);
            watcher.poll();
            let now = times(&shared);
            if now != before {
                reload(&shared);
                before = now;
            }
        }
    };
    let thread = std::thread::Builder::new().name("taper-watch".to_owned()).spawn(look);
    thread.map(drop).map_err(|error| Error::Threads { threads: 1, reason: error.to_string() })
}

/// Sleeps for `seconds`, but not longer than until `interrupt`.
fn pause(seconds: f64, interrupt: &Interrupt) {
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    while Instant::now() < end && interrupt.signal().is_none() {
        std::thread::sleep(LOOK.min(end.saturating_duration_since(Instant::now())));
    }
}

/// Reads tokens and certificates again; what cannot be read stays as it was.
fn reload(shared: &Shared) {
    shared.notifier.reloading();
    let tokens = shared.tokens.as_ref().map(Tokens::reload);
    let certificate = shared.certificate.as_ref().map(Certificate::reload);
    for (what, result) in [("tokens", tokens), ("certificate", certificate)] {
        match result {
            None => {}
            Some(Ok(())) => tracing::info!("the {what} were read again"),
            Some(Err(error)) => tracing::warn!("the {what} stay as they were: {error}"),
        }
    }
    shared.notifier.ready();
}
