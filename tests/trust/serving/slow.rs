//! Clients that send or read as slowly as they can.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::line;
use crate::client::{Client, Served};
use crate::tier::{Tier, report, times};
use crate::workspace::Workspace;

/// How a client is slow.
#[derive(Clone, Copy, Debug)]
enum Slow {
    /// It sends a header now and then.
    Head,
    /// It sends a byte of the body now and then.
    Body,
    /// It asks for much, and reads nothing.
    Read,
}

impl Slow {
    /// What it sends at the beginning, and then again and again.
    fn bytes(self) -> (String, &'static [u8]) {
        match self {
            Self::Head => ("GET /v1/models/m HTTP/1.1\r\n".to_owned(), b"A: b\r\n"),
            Self::Body => {
                let head = "POST /v1/models/m:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{";
                (head.to_owned(), b" ")
            }
            // More than the buffers of the system take.
            Self::Read => ("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(600), b"\r"),
        }
    }
}

/// A slow client, from its first byte to the end of its connection.
struct SlowClient {
    stream: TcpStream,
    begun: Instant,
    lasted: Option<Duration>,
}

impl SlowClient {
    fn start(address: &str, first: &[u8]) -> Self {
        let mut stream = TcpStream::connect(address).expect("a connection");
        let begun = Instant::now();
        stream.write_all(first).expect("it is written");
        stream.set_nonblocking(true).expect("not blocking");
        Self { stream, begun, lasted: None }
    }

    /// Sends `more`, and notes the end of the connection or, if it `reads`, a reply.
    fn go_on(&mut self, more: &[u8], reads: bool) {
        let waits = |error: &std::io::Error| error.kind() == ErrorKind::WouldBlock;
        let is_written = self.stream.write(more).map_or_else(|error| waits(&error), |_| true);
        let is_quiet = !reads || self.stream.read(&mut [0; 512]).is_err_and(|error| waits(&error));
        if self.lasted.is_none() && !(is_written && is_quiet) {
            self.lasted = Some(self.begun.elapsed());
        }
    }
}

/// The shortest and the longest time until each of `count` slow clients is cut.
fn cut(address: &str, slow: Slow, count: usize) -> (f64, f64) {
    let (first, more) = slow.bytes();
    let mut clients: Vec<SlowClient> =
        (0..count).map(|_| SlowClient::start(address, first.as_bytes())).collect();
    let end = Instant::now() + Duration::from_secs(100);
    while clients.iter().any(|client| client.lasted.is_none()) {
        assert!(Instant::now() < end, "{slow:?}: some are never cut");
        for client in clients.iter_mut().filter(|client| client.lasted.is_none()) {
            client.go_on(more, !matches!(slow, Slow::Read));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let seconds = clients.iter().map(|client| client.lasted.unwrap_or_default().as_secs_f64());
    let all: Vec<f64> = seconds.collect();
    (all.iter().copied().fold(f64::INFINITY, f64::min), all.iter().copied().fold(0.0, f64::max))
}

/// Asks until it is told to stop; returns how long each reply took, in ascending order.
fn ask(address: &str, stop: &AtomicBool) -> Vec<Duration> {
    let (mut client, mut times) = (Client::connect(address), Vec::new());
    while !stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        let answer = client.post("/v1/models/m:predict", "{\"instances\":[[1.5]]}");
        times.push(start.elapsed());
        assert_eq!((answer.status, answer.text()), (200, "{\"predictions\":[[1.5]]}"));
        std::thread::sleep(Duration::from_millis(2));
    }
    times.sort_unstable();
    times
}

#[test]
fn slow_clients_are_cut_at_the_limits_and_others_are_answered_meanwhile() {
    let count = times([40, 400, 400]);
    let workspace = Workspace::new();
    workspace.file("m.safetensors", line(&workspace, 1.0, 0.0));
    // In the fast tier, limits are shorter than by default.
    let fast = "serve.limits={head_seconds=1.0,body_seconds=2.0,write_seconds=1.5}";
    let (settings, limits) = match Tier::now() {
        Tier::Fast => (vec!["m=m.safetensors", "--set", fast], [1.0, 2.0, 1.5]),
        _ => (vec!["m=m.safetensors"], [10.0, 30.0, 30.0]),
    };
    let server = Served::start(&workspace, &settings);
    let mut figures = json!({ "clients_of_each_kind": count });
    for (slow, limit) in [Slow::Head, Slow::Body, Slow::Read].into_iter().zip(limits) {
        let stop = AtomicBool::new(false);
        let ((shortest, longest), others) = std::thread::scope(|scope| {
            let others = scope.spawn(|| ask(&server.address, &stop));
            let found = cut(&server.address, slow, count);
            stop.store(true, Ordering::Relaxed);
            (found, others.join().expect("replies"))
        });
        assert!(shortest > limit - 0.1, "{slow:?}: cut after {shortest} seconds");
        assert!(longest < limit + 5.0, "{slow:?}: cut after {longest} seconds");
        let p99 = others[others.len() * 99 / 100].as_secs_f64() * 1e3;
        figures[format!("{slow:?}").to_lowercase()] = json!({
            "limit_seconds": limit, "cut_after_seconds": [shortest, longest],
            "replies_to_others": others.len(), "p99_ms_of_others": p99,
        });
    }
    // A client sees the end of its connection a moment before the server has put it away.
    let end = Instant::now() + Duration::from_secs(10);
    let is_alone = |metrics: &str| metrics.lines().any(|line| line == "taper_connections 1");
    while !is_alone(server.client().get("/metrics").text()) {
        assert!(Instant::now() < end, "{}", server.client().get("/metrics").text());
        std::thread::sleep(Duration::from_millis(20));
    }
    report("serve_slow_clients", &figures);
}
