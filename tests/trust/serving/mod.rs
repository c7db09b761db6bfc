//! A server under load: right bits, and swaps of versions, signals and new certificates (`tls`) lose nothing. Strangers get
//! nothing (`strangers`), slow clients cost nothing (`slow`), a panic costs one reply (`panics`), and what goes wrong around the
//! server has the outcome that docs/serving.md names (`chaos`).

#[cfg(target_os = "linux")]
mod chaos;
mod damage;
mod overload;
mod panics;
mod slow;
mod soak;
mod strangers;
mod tls;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use taper::random::{Purpose, Stream};

use crate::client::{Client, Served};
use crate::tier::{report, times};
use crate::workspace::Workspace;

/// The connections that send requests.
const CONNECTIONS: u64 = 4;

/// The content of a weights file for y = slope x + intercept.
fn line(workspace: &Workspace, slope: f32, intercept: f32) -> Vec<u8> {
    if !workspace.path("line").exists() {
        workspace.ok(&["train", "linear_regression", "--run-dir", "line", "--set", "train.epochs=1"]);
    }
    let mut model = workspace.read("line/checkpoints/step-00000001/model.safetensors");
    let header = u64::from_le_bytes(model[..8].try_into().expect("a header")) as usize;
    let places: Value = serde_json::from_slice(&model[8..8 + header]).expect("JSON");
    for (name, place) in places.as_object().expect("tensors") {
        if let Some(start) = place["data_offsets"][0].as_u64() {
            let value = if name.ends_with("bias") { intercept } else { slope };
            let start = 8 + header + start as usize;
            model[start..start + 4].copy_from_slice(&value.to_le_bytes());
        }
    }
    model
}

/// Moves version `number`, which predicts `number` for every sample, into the folder `versions`.
fn place(workspace: &Workspace, number: u64) {
    let name = format!("new/{number}/model.safetensors");
    workspace.file(&name, line(workspace, 0.0, number as f32));
    move_into_place(workspace, number);
}

/// Moves the folder of version `number` from `new` to `versions`.
fn move_into_place(workspace: &Workspace, number: u64) {
    std::fs::create_dir_all(workspace.path("versions")).expect("a folder");
    let [from, to] = ["new", "versions"].map(|folder| workspace.path(format!("{folder}/{number}")));
    std::fs::rename(from, to).expect("moved");
}

/// Memory in use, in KiB.
fn memory(server: &Served) -> u64 {
    kib(server, "VmRSS:")
}

/// A size in the status of the server's process, in KiB; 0 where there is none.
fn kib(server: &Served, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

#[test]
fn requests_of_any_size_get_the_bits_of_predict() {
    let wanted = times([2_000, 100_000, 1_000_000]) as u64;
    let workspace = Workspace::new();
    let model = line(&workspace, 0.3, -1.7);
    workspace.file("m.safetensors", model);
    let samples: Vec<f32> = (0..1_000).map(|index| (index as f32 - 500.0) / 7.0).collect();
    workspace.file("samples.json", json!(samples.iter().map(|x| [x]).collect::<Vec<_>>()).to_string());
    let predicted = workspace.ok(&["predict", "m.safetensors", "samples.json", "--format", "json"]).json();
    let rows = predicted["predictions"].as_array().expect("predictions").iter();
    let expected: Vec<u32> = rows.map(|row| bits(&row["values"][0])).collect();
    let server = Served::start(&workspace, &["m=m.safetensors"]);
    assert_eq!(server.models, json!({ "m": 1 }));
    let (left, start) = (AtomicU64::new(wanted), Instant::now());
    std::thread::scope(|scope| {
        for worker in 0..CONNECTIONS {
            let (samples, expected, left, mut client) = (&samples, &expected, &left, server.client());
            scope.spawn(move || {
                let mut random = Stream::new(worker, Purpose::Data, [0, 0]);
                while left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                    .is_ok()
                {
                    let size = 1 + random.below(300) as usize;
                    let first = random.below((1_001 - size) as u64) as usize;
                    let part = first..first + size;
                    let body = json!({ "instances": &samples[part.clone()] }).to_string();
                    let answer = client.post("/v1/models/m:predict", &body);
                    assert_eq!(answer.status, 200, "{}", answer.text());
                    let rows = answer.json()["predictions"].as_array().expect("predictions").clone();
                    let found: Vec<u32> = rows.iter().map(|row| bits(&row[0])).collect();
                    assert_eq!(found, expected[part], "{size} samples from {first}");
                }
            });
        }
    });
    let seconds = start.elapsed().as_secs_f64();
    report("serve_bits", &json!({ "requests": wanted, "wrong": 0, "failed": 0, "seconds": seconds.round() }));
}

fn bits(value: &Value) -> u32 {
    (value.as_f64().expect("a number") as f32).to_bits()
}

#[test]
fn versions_are_swapped_under_load_without_a_lost_or_wrong_reply() {
    let wanted = times([20, 200, 1_000]) as u64;
    let workspace = Workspace::new();
    place(&workspace, 1);
    let server = Served::start(&workspace, &["m=versions", "--set", "serve.poll_seconds=0.01"]);
    let (stop, requests, before) = (AtomicBool::new(false), AtomicU64::new(0), memory(&server));
    let mut slowest = Duration::ZERO;
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            let (stop, requests, mut client) = (&stop, &requests, server.client());
            scope.spawn(move || {
                let body = r#"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,1],"data":[5.0]}]}"#;
                while !stop.load(Ordering::Relaxed) {
                    let answer = client.post("/v2/models/m/infer", body);
                    assert_eq!(answer.status, 200, "{}", answer.text());
                    let found = answer.json();
                    let named: f64 = found["model_version"]
                        .as_str()
                        .and_then(|text| text.parse().ok())
                        .expect("a version");
                    assert_eq!(found["outputs"][0]["data"][0].as_f64(), Some(named), "{found}");
                    requests.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut client = server.client();
        for number in 2..wanted + 2 {
            place(&workspace, number);
            let start = Instant::now();
            while client.get(&format!("/v1/models/m/versions/{number}")).status != 200 {
                assert!(start.elapsed() < Duration::from_secs(30), "version {number} is not served");
                std::thread::sleep(Duration::from_millis(2));
            }
            slowest = slowest.max(start.elapsed());
            std::fs::remove_dir_all(workspace.path(format!("versions/{}", number - 1))).expect("removed");
        }
        stop.store(true, Ordering::Relaxed);
    });
    let grown = memory(&server).saturating_sub(before);
    // A small network, whose memory is lost in the noise: what grows with each swap is not.
    assert!(grown < 8 << 10, "{grown} KiB more after {wanted} swaps");
    report(
        "serve_swaps",
        &json!({
            "swaps": wanted, "requests": requests.into_inner(), "wrong": 0, "failed": 0,
            "slowest_swap_ms": slowest.as_millis() as u64, "grown_kib": grown,
        }),
    );
}

#[cfg(unix)]
#[test]
fn a_signal_under_load_loses_no_request() {
    let wanted = times([4, 30, 100]) as u64;
    let workspace = Workspace::new();
    let model = line(&workspace, 1.0, 0.0);
    workspace.file("m.safetensors", model);
    let (answered, mut slowest) = (AtomicU64::new(0), Duration::ZERO);
    for round in 0..wanted {
        let server = Served::start(&workspace, &["m=m.safetensors"]);
        std::thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                let (address, answered) = (server.address.clone(), &answered);
                scope.spawn(move || answered.fetch_add(until_closed(&address), Ordering::Relaxed));
            }
            std::thread::sleep(Duration::from_millis(30 + 7 * (round % 10)));
            server.signal("TERM");
        });
        let start = Instant::now();
        let (status, stderr) = server.wait(Duration::from_secs(10));
        assert_eq!(status.code(), Some(0), "{stderr}");
        slowest = slowest.max(start.elapsed());
    }
    let figures = json!({
        "signals": wanted, "requests": answered.into_inner(), "lost": 0, "slowest_exit_ms": slowest.as_millis() as u64,
    });
    report("serve_signals", &figures);
}

/// Sends requests until the server says that it closes the connection, and returns their number.
#[cfg(unix)]
fn until_closed(address: &str) -> u64 {
    let mut client = Client::connect(address);
    let mut count = 0;
    loop {
        let answer = client.post("/v1/models/m:predict", "{\"instances\":[[1.5]]}");
        assert_eq!((answer.status, answer.text()), (200, "{\"predictions\":[[1.5]]}"));
        count += 1;
        if answer.header("connection") == Some("close") {
            return count;
        }
    }
}
