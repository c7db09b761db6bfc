//! One load on one server, and what is reported about it.

use std::rc::Rc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::client::{Measured, Reply, Request, drive};
use super::process::{Tree, Used, busy_seconds};

/// How long a load lasts.
#[derive(Clone, Copy)]
pub struct Times {
    pub warm_up: Duration,
    pub measured: Duration,
}

/// Drives the server at `address` with the processes below `process`. Adds rates, times, and what the processes used to
/// `report`.
pub fn measure(
    report: &mut Map<String, Value>,
    (address, process): (&str, u32),
    (requests, connections): (&[Request], usize),
    times: Times,
    check: impl Fn(usize, &Reply) -> bool + 'static,
) {
    let check = Rc::new(check);
    let warm_up = drive(address, requests, connections, times.warm_up, &check);
    // Workers that were started by the first requests are part of the tree.
    let (server, generator) = (Tree::of(process), Tree::of_this_program());
    let before = (server.used(), generator.used(), busy_seconds());
    let measured = drive(address, requests, connections, times.measured, &check);
    let after = (server.used(), generator.used(), busy_seconds());
    let cpu = |before: Used, after: Used| after.cpu_seconds - before.cpu_seconds;
    let (server_cpu, generator_cpu) = (cpu(before.0, after.0), cpu(before.1, after.1));
    let others = (after.2 - before.2 - server_cpu - generator_cpu).max(0.0);
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    let per_request = |seconds: f64| rounded(seconds / measured.times.len() as f64 * 1e6, 10.0);
    let figures = json!({
        "connections": connections,
        "request_bytes": requests[0].bytes.len(),
        "requests_per_second": measured.rate().round(),
        "p50_us": measured.quantile(0.5),
        "p99_us": measured.quantile(0.99),
        "p999_us": measured.quantile(0.999),
        "server_cpu_us_per_request": per_request(server_cpu),
        "generator_cpu_us_per_request": per_request(generator_cpu),
        "wrong": warm_up.wrong + measured.wrong,
        "failed": warm_up.failed + measured.failed,
        "rss_mib": after.0.rss_mib,
        "pss_mib": after.0.pss_mib,
        "server_processes": server.count(),
        "share_of_others": rounded(others / measured.seconds / cores, 1000.0),
    });
    report.extend(figures.as_object().cloned().unwrap_or_default());
}

impl Measured {
    /// Requests per second.
    pub fn rate(&self) -> f64 {
        self.times.len() as f64 / self.seconds
    }

    /// The time in microseconds that a `share` of the requests did not exceed.
    fn quantile(&self, share: f64) -> f64 {
        let at = (share * (self.times.len() as f64 - 1.0)).max(0.0) as usize;
        f64::from(self.times.get(at).copied().unwrap_or(0)) / 1e3
    }
}

fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}
