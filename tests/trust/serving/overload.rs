//! More requests than the server can answer: it refuses some at once, answers the others soon, and recovers.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{line, memory};
use crate::client::Served;
use crate::tier::{report, times};
use crate::workspace::Workspace;

/// The connections that send as fast as they can: several times more than may wait.
const SENDERS: usize = 64;

#[test]
fn an_overload_is_refused_in_part_and_leaves_nothing_behind() {
    let seconds = times([2, 60, 600]);
    let workspace = Workspace::new();
    workspace.file("m.safetensors", line(&workspace, 2.0, 1.0));
    let server = Served::start(&workspace, &["m=m.safetensors", "--set", "serve.batching.queue=4"]);
    let body = json!({ "instances": vec![[1.5]; 300] }).to_string();
    let expected = json!({ "predictions": vec![[4.0]; 300] });
    let usual = median_of_100(&server, &body);
    let (before, start) = (memory(&server), Instant::now());
    let (counts, times) = (Mutex::new(BTreeMap::<u16, u64>::new()), Mutex::new(Vec::new()));
    let mut most = before;
    std::thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                let (mut client, mut own, mut slow) = (server.client(), BTreeMap::new(), Vec::new());
                while start.elapsed() < Duration::from_secs(seconds) {
                    let sent = Instant::now();
                    let answer = client.post("/v1/models/m:predict", &body);
                    *own.entry(answer.status).or_insert(0) += 1;
                    match answer.status {
                        200 => {
                            assert_eq!(answer.json(), expected);
                            slow.push(sent.elapsed().as_micros() as u64);
                        }
                        503 => assert_eq!(answer.header("retry-after"), Some("1"), "{}", answer.text()),
                        504 => {}
                        other => panic!("{other}: {}", answer.text()),
                    }
                }
                let mut counts = counts.lock().expect("counts");
                for (status, count) in own {
                    *counts.entry(status).or_default() += count;
                }
                times.lock().expect("times").extend(slow);
            });
        }
        while start.elapsed() < Duration::from_secs(seconds) {
            std::thread::sleep(Duration::from_millis(100));
            most = most.max(memory(&server));
        }
    });
    let counts = counts.into_inner().expect("counts");
    assert!(counts.get(&200).is_some_and(|count| *count > 0), "{counts:?}");
    let grown = most.saturating_sub(before);
    assert!(grown < 128 << 10, "{grown} KiB more than before");
    let afterwards = median_of_100(&server, &body);
    let mut times = times.into_inner().expect("times");
    times.sort_unstable();
    let figures = json!({
        "seconds": seconds, "statuses": counts.iter().map(|(k, v)| (k.to_string(), *v)).collect::<BTreeMap<_, _>>(),
        "p99_ms": times[times.len() * 99 / 100] / 1_000, "grown_kib": grown,
        "usual_us": usual, "afterwards_us": afterwards,
    });
    report("serve_overload", &figures);
}

/// The median time of a reply, in microseconds, with one connection.
fn median_of_100(server: &Served, body: &str) -> u64 {
    let mut client = server.client();
    let mut times: Vec<u64> = (0..100)
        .map(|_| {
            let start = Instant::now();
            assert_eq!(client.post("/v1/models/m:predict", body).status, 200);
            start.elapsed().as_micros() as u64
        })
        .collect();
    times.sort_unstable();
    times[50]
}
