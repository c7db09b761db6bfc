//! Messages for failed requests.

use std::io;
use std::time::Duration;

use ureq::Timeout;

use super::Patience;

/// The reason why a request failed.
pub fn reason(error: ureq::Error, patience: Patience) -> String {
    let seconds = |duration: Duration| format!("{} s", duration.as_secs_f64());
    match error {
        ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            format!("no connection within {}", seconds(patience.connection))
        }
        ureq::Error::Timeout(_) => format!("no data for {}", seconds(patience.silence)),
        ureq::Error::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => "connection lost".to_owned(),
            _ => explained(&error.to_string()),
        },
        ureq::Error::ConnectProxyFailed(message) => format!("the proxy refused: {message}"),
        other => explained(&other.to_string()),
    }
}

/// `reason`, or a remedy if the issuer of a certificate is unknown, as with a company's proxy.
fn explained(reason: &str) -> String {
    if reason.contains("UnknownIssuer") {
        "its certificate has an unknown issuer; set SSL_CERT_FILE to a file of root certificates".to_owned()
    } else {
        reason.to_owned()
    }
}
