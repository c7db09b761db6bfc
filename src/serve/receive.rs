//! The bodies of requests, within their limits.

use std::time::{Duration, Instant};

use hyper::body::{Bytes, Incoming};
use tokio::time::timeout_at;

use super::body::{self, Unpackable, Unreadable};
use super::budget::Share;
use super::reply::Reply;
use super::service::Service;

/// The whole body; one whose `Content-Length` is too large is not read at all.
///
/// # Errors
/// The reply, if it does not arrive within the limits.
pub async fn read(
    service: &Service,
    body: Incoming,
    arrived: Instant,
    share: &mut Share<'_>,
) -> Result<Bytes, Reply> {
    let limits = &service.config.limits;
    let deadline = arrived + Duration::from_secs_f64(limits.body_seconds);
    match timeout_at(deadline.into(), body::read(body, limits.body_bytes, share)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(Unreadable::TooLarge)) => Err(too_large(service, "the body").with("Connection", "close")),
        Ok(Err(Unreadable::NoRoom)) => Err(no_room(service).with("Connection", "close")),
        Ok(Err(Unreadable::Cut)) => {
            Err(Reply::error(400, "the body is incomplete").with("Connection", "close"))
        }
        Err(_) => {
            service.metrics.rejected_limit.add(1);
            let seconds = limits.body_seconds;
            let message = format!(
                "the body did not arrive within the {seconds} seconds that `serve.limits.body_seconds` allows"
            );
            Err(Reply::error(408, &message).with("Connection", "close"))
        }
    }
}

/// The content of a body that is compressed as `encoding`; `None` if it is not compressed.
///
/// # Errors
/// The reply, if it cannot be decompressed within the limits.
pub fn unpack(
    service: &Service,
    encoding: Option<&str>,
    body: &[u8],
    share: &mut Share<'_>,
) -> Result<Option<Vec<u8>>, Reply> {
    body::unpack(encoding, body, service.config.limits.body_bytes, share).map_err(|problem| match problem {
        Unpackable::Encoding => {
            Reply::error(415, "Unsupported compression type: gzip and deflate are supported")
                .with("Accept-Encoding", "gzip, deflate")
        }
        Unpackable::Damaged => {
            Reply::error(400, "the body cannot be decompressed: it does not match its Content-Encoding")
        }
        Unpackable::TooLarge => too_large(service, "the decompressed body"),
        Unpackable::NoRoom => no_room(service),
    })
}

fn no_room(service: &Service) -> Reply {
    service.metrics.rejected_memory.add(1);
    let most = service.config.limits.all_bodies_bytes;
    let message = format!(
        "there is no memory for the body: all requests together have the {most} bytes that \
         `serve.limits.all_bodies_bytes` allows; try again later"
    );
    Reply::error(503, &message).with("Retry-After", "1")
}

fn too_large(service: &Service, what: &str) -> Reply {
    service.metrics.rejected_limit.add(1);
    let most = service.config.limits.body_bytes;
    Reply::error(413, &format!("{what} has more than the {most} bytes that `serve.limits.body_bytes` allows"))
}
