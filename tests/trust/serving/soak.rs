//! A long load with bad requests, clients that hang up and a swap a minute: memory, threads and files stay constant.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use taper::random::{Purpose, Stream};

use super::{CONNECTIONS, memory, place};
use crate::client::{Client, Served};
use crate::tier::{report, times};
use crate::workspace::Workspace;

/// How long a worker rests after a request, as a multiple of what the request took: a load of 30 %.
const REST: f64 = 7.0 / 3.0;

/// What was sent, by kind.
type Counts = BTreeMap<&'static str, u64>;

/// The state of the server at a time.
#[derive(Clone, Copy)]
struct Reading {
    hours: f64,
    kib: u64,
    threads: usize,
    files: usize,
}

#[test]
fn hours_of_load_with_bad_requests_aborts_and_swaps_leave_memory_threads_and_files_constant() {
    let (minutes, interval) = (times([0.1, 3.0, 120.0]), Duration::from_secs(times([1, 10, 60])));
    let workspace = Workspace::new();
    place(&workspace, 1);
    let server = Served::start(&workspace, &["m=versions"]);
    let (stop, counts) = (AtomicBool::new(false), Mutex::new(Counts::new()));
    let (start, mut readings, mut version) = (Instant::now(), Vec::new(), 1);
    std::thread::scope(|scope| {
        for worker in 0..CONNECTIONS {
            let (address, stop, counts) = (server.address.as_str(), &stop, &counts);
            scope.spawn(move || {
                let sent = work(address, worker, stop);
                let mut counts = counts.lock().expect("counts");
                for (kind, count) in sent {
                    *counts.entry(kind).or_default() += count;
                }
            });
        }
        while start.elapsed() < Duration::from_secs_f64(minutes * 60.0) {
            std::thread::sleep(interval);
            readings.push(Reading::of(&server, start));
            version += 1;
            place(&workspace, version);
            if version > 2 {
                let old = workspace.path(format!("versions/{}", version - 2));
                std::fs::remove_dir_all(old).expect("removed");
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    // The first tenth is warm-up: buffers of connections and of the largest pass are made.
    let settled = &readings[readings.len() / 10..];
    let (first, last) = (settled[0], settled[settled.len() - 1]);
    let most = settled.iter().map(|reading| reading.kib).max().expect("readings");
    let grown = most.saturating_sub(first.kib);
    assert!(grown < 16 << 10, "{grown} KiB more than after the warm-up");
    let slope = per_hour(settled);
    if last.hours > 1.0 {
        assert!(slope < 1024.0, "{slope} KiB an hour");
    }
    for (what, first, last) in [("threads", first.threads, last.threads), ("files", first.files, last.files)]
    {
        // A client that hangs up may still be there for a moment, or be about to come.
        assert!(last.abs_diff(first) <= CONNECTIONS as usize, "{first} {what}, then {last}");
    }
    report(
        "serve_soak",
        &json!({
            "minutes": (last.hours * 60.0).round(), "swaps": version - 1, "sent": counts.into_inner().expect("counts"),
            "wrong": 0, "failed": 0, "warm_kib": first.kib, "most_kib": most, "last_kib": last.kib,
            "kib_per_hour": slope.round(), "threads": last.threads, "files": last.files,
        }),
    );
}

impl Reading {
    fn of(server: &Served, start: Instant) -> Self {
        let count = |what: &str| {
            std::fs::read_dir(format!("/proc/{}/{what}", server.id())).map_or(0, Iterator::count)
        };
        let hours = start.elapsed().as_secs_f64() / 3600.0;
        Self { hours, kib: memory(server), threads: count("task"), files: count("fd") }
    }
}

/// The slope of a line through the sizes of memory, in KiB an hour.
fn per_hour(readings: &[Reading]) -> f64 {
    let count = readings.len() as f64;
    let mean = |value: fn(&Reading) -> f64| readings.iter().map(value).sum::<f64>() / count;
    let (hours, kib) = (mean(|reading| reading.hours), mean(|reading| reading.kib as f64));
    let products = readings.iter().map(|r| (r.hours - hours) * (r.kib as f64 - kib)).sum::<f64>();
    products / readings.iter().map(|r| (r.hours - hours).powi(2)).sum::<f64>()
}

#[test]
fn a_leak_shows_in_the_slope() {
    let reading = |minute: u64| Reading {
        hours: minute as f64 / 60.0,
        kib: 40_000 + 20 * minute + minute % 3,
        threads: 0,
        files: 0,
    };
    let slope = per_hour(&(0..120).map(reading).collect::<Vec<_>>());
    assert!((slope - 1_200.0).abs() < 5.0, "{slope}");
}

/// Sends requests, with rests, until it is told to stop: 1 % bad ones, and 1 % whose sender hangs up.
fn work(address: &str, worker: u64, stop: &AtomicBool) -> Counts {
    let mut random = Stream::new(worker, Purpose::Data, [1, 0]);
    let (mut client, mut counts) = (Client::connect(address), Counts::new());
    while !stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        let kind = match random.below(100) {
            0 => bad(&mut client, random.below(4)),
            1 => hang_up(address, random.below(3)),
            _ => predict(&mut client, 1 + random.below(300) as usize),
        };
        *counts.entry(kind).or_default() += 1;
        std::thread::sleep(start.elapsed().mul_f64(REST));
    }
    counts
}

/// A request whose reply must hold what the version that it names predicts, once for each sample.
fn predict(client: &mut Client, samples: usize) -> &'static str {
    let data: Vec<f32> = (0..samples).map(|index| index as f32).collect();
    let input = json!({ "name": "x", "datatype": "FP32", "shape": [samples, 1], "data": data });
    let answer = client.post("/v2/models/m/infer", &json!({ "inputs": [input] }).to_string());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let found = answer.json();
    let version: f64 = found["model_version"].as_str().and_then(|text| text.parse().ok()).expect("a version");
    let values = found["outputs"][0]["data"].as_array().expect("values");
    assert_eq!(values.len(), samples);
    assert!(values.iter().all(|value| value.as_f64() == Some(version)), "{found}");
    "right"
}

/// A request that must be refused, after which the connection goes on.
fn bad(client: &mut Client, which: u64) -> &'static str {
    let (path, body, status) = match which {
        0 => ("/v1/models/m:predict", "{\"instances\": [[1.0", 400),
        1 => ("/v1/models/m:predict", "{\"instances\": [[1.0, 2.0]]}", 400),
        2 => ("/v1/models/other:predict", "{\"instances\": [[1.0]]}", 404),
        _ => ("/v2/models/m/infer", "{\"inputs\": []}", 400),
    };
    let answer = client.post(path, body);
    assert_eq!(answer.status, status, "{path} {body}: {}", answer.text());
    "refused"
}

/// A client that leaves in the head, in the body, or before the reply.
fn hang_up(address: &str, which: u64) -> &'static str {
    let request =
        "POST /v1/models/m:predict HTTP/1.1\r\nHost: m\r\nContent-Length: 21\r\n\r\n{\"instances\":[[1.5]]}";
    let length = match which {
        0 => 20,
        1 => request.len() - 5,
        _ => request.len(),
    };
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.write_all(&request.as_bytes()[..length]).expect("it is written");
    "hung up"
}
