//! One connection: requests within their limits, one after the other.

use std::convert::Infallible;
use std::future::Future as _;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::CONNECTION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::sync::watch;
use tokio::time::sleep_until;

use super::io::{Activity, Io, Phase, Socket};
use super::respond::respond;
use super::shared::Shared;

/// How long idle connections stay open when the server stops, so that requests already sent are still answered.
const LINGER: Duration = Duration::from_millis(500);

/// How long a client that is still sending has to read the reply before the connection is closed.
const CLOSE: Duration = Duration::from_secs(1);

/// Serves the requests of `socket` until the client, a limit or `draining` ends it.
pub async fn serve(
    socket: impl Socket,
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
            if response.headers().contains_key(CONNECTION) {
                activity.leave_unread();
            }
            activity.enter(Phase::Write);
            Ok::<_, Infallible>(response)
        }
    });
    // A head that is somewhat too long is read, so that the reply can name the limit.
    let connection =
        http1::Builder::new().max_buf_size(2 * limits.head_bytes.max(8_192)).serve_connection(io, answer);
    let mut connection = pin!(connection);
    let mut stopping = *draining.borrow();
    loop {
        let (phase, since) = activity.now();
        let seconds = match phase {
            Phase::Idle if stopping => LINGER.as_secs_f64(),
            Phase::Idle => limits.idle_seconds,
            Phase::Head => limits.head_seconds,
            // A request has its own deadlines; this one only triggers another check.
            Phase::Answer => 3_600.0,
            Phase::Write => limits.write_seconds,
            Phase::Close => CLOSE.as_secs_f64(),
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
            // A new phase has a new deadline.
            if activity.now() != (phase, since) || timer.as_mut().poll(context).is_ready() {
                return Poll::Ready(Event::Look);
            }
            Poll::Pending
        })
        .await;
        let same = activity.now() == (phase, since);
        match event {
            Event::Draining => stopping = true,
            Event::Look if !same || phase == Phase::Answer => {}
            Event::Look if phase == Phase::Write => {
                activity.leave_unwritten();
                return;
            }
            Event::Ended | Event::Look => return,
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
