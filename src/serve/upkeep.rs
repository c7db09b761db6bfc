//! Keeps models, tokens and certificates up to date.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::auth::Tokens;
use super::config::Config;
use super::shared::Shared;
use super::tls::Certificate;
use super::watch::{RETRY, Watcher};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;

/// How often a pause checks whether the server is stopping; nothing waits for the end of a pause.
const LOOK: Duration = Duration::from_millis(500);

/// Sizes and times of the files of tokens and certificates.
pub type Stamps = Vec<Option<(u64, SystemTime)>>;

/// The state of the files of tokens and certificates, to be taken before they are read, so that no later
/// change is missed.
#[must_use]
pub fn stamps(config: &Config) -> Stamps {
    let certificate =
        config.tls.iter().flat_map(|tls| [&tls.certificate, &tls.key].into_iter().chain(&tls.client_ca));
    let stamp = |path| {
        let facts = std::fs::metadata(path).ok()?;
        Some((facts.len(), facts.modified().ok()?))
    };
    config.auth.tokens.iter().chain(certificate).map(stamp).collect()
}

/// Checks the sources of the models, and the files of tokens and certificates, at regular intervals; `before`
/// is the state of these files from before they were read.
///
/// # Errors
/// [`Error::Threads`] if the system refuses a thread.
pub fn start(
    mut watcher: Watcher,
    shared: Arc<Shared>,
    interrupt: Interrupt,
    mut before: Stamps,
) -> Result<()> {
    let seconds = shared.service.config.poll_seconds;
    if seconds <= 0.0 {
        return Ok(());
    }
    let look = move || {
        let mut failure: Option<Failure> = None;
        while interrupt.signal().is_none() {
            pause(seconds, &interrupt);
            watcher.poll();
            let now = stamps(&shared.service.config);
            let changed = now != before;
            if changed || failure.as_ref().is_some_and(|failure| failure.again <= Instant::now()) {
                // What was said is said again only for changed files.
                failure = reload(&shared, failure.as_ref().filter(|_| !changed));
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

/// Files that could not be read, which may be due to the files, or to a lack of memory or file descriptors that ends.
struct Failure {
    messages: Vec<String>,
    pause: Duration,
    again: Instant,
}

/// Reads tokens and certificates again; those that cannot be read are kept unchanged, and to be read again after a pause, twice
/// as long as the `last` one.
fn reload(shared: &Shared, last: Option<&Failure>) -> Option<Failure> {
    shared.notifier.reloading();
    let tokens = shared.tokens.as_ref().map(Tokens::reload);
    let certificate = shared.certificate.as_ref().map(Certificate::reload);
    let said = last.map_or(&[][..], |last| &last.messages);
    let failed = |kept: &str| said.iter().any(|message| message.starts_with(kept));
    let pause = last.map_or(RETRY.0, |last| RETRY.1.min(2 * last.pause));
    let mut messages = Vec::new();
    for (result, fresh, kept) in [
        (tokens, "the tokens were reloaded", "the tokens are unchanged"),
        (certificate, "the certificate was reloaded", "the certificate is unchanged"),
    ] {
        match result {
            None => {}
            // When another file is read again, this one says nothing new.
            Some(Ok(())) if last.is_some() && !failed(kept) => {}
            Some(Ok(())) => tracing::info!("{fresh}"),
            Some(Err(error)) => {
                let message = format!("{kept}: {error}");
                if !said.contains(&message) {
                    tracing::warn!("{message}");
                }
                messages.push(message);
            }
        }
    }
    let valid_until = shared.certificate.as_ref().map_or(0, Certificate::valid_until);
    shared.service.metrics.tls_valid_until.set(valid_until);
    shared.notifier.ready();
    (!messages.is_empty()).then(|| Failure { messages, pause, again: Instant::now() + pause })
}
