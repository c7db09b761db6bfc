//! How a server starts, keeps up with its models, holds its limits and ends.

use std::time::{Duration, Instant};

use super::Served;
use crate::workspace::Workspace;

/// A workspace with a trained line in `run`.
pub fn trained() -> Workspace {
    let workspace = Workspace::new();
    workspace.ok(&["train", "linear_regression", "--run-dir", "run", "--set", "train.epochs=1"]);
    workspace
}

const LINE: &str = "/v1/models/default:predict";

#[test]
fn mistakes_at_the_start_are_explained() {
    let workspace = trained();
    let said = |arguments: &[&str]| {
        let outcome = workspace.run(&[&["serve"], arguments].concat());
        (outcome.code, outcome.messages())
    };
    let (code, text) = said(&[]);
    assert!(code == 2 && text.contains("there is no model"), "{text}");
    let (code, text) = said(&["nothing"]);
    assert!(code == 4 && text.contains("nothing"), "{text}");
    let (code, text) = said(&["run", "--listen", "0.0.0.0:0"]);
    assert!(code == 2 && text.contains("other machines can reach this address"), "{text}");
    let (code, text) = said(&["run", "--listen", "localhost"]);
    assert!(code == 2 && text.contains("listen"), "{text}");
    let (code, text) = said(&["a=run", "a=run"]);
    assert!(code == 2 && text.contains("two models are called `a`"), "{text}");
    let (code, text) = said(&["run", "--set", "serve.limit.samples=1"]);
    assert!(code == 2 && text.contains("did you mean `limits`?"), "{text}");
    let server = Served::start(&workspace, &["run"]);
    let (code, text) = said(&["run", "--listen", &server.address]);
    assert!(code == 1 && text.contains("the port is in use"), "{text}");
}

#[test]
fn a_run_is_followed_and_a_damaged_checkpoint_changes_nothing() {
    let workspace = trained();
    let settings =
        ["default=run", "--set", "serve.poll_seconds=0.05", "--set", "serve.models.default.follow=latest"];
    let server = Served::start(&workspace, &settings);
    let version = || {
        let status = server.client().get("/v1/models/default").json();
        status["model_version_status"][0]["version"].as_str().unwrap().to_owned()
    };
    assert_eq!(server.models["default"], 1);
    let first = version();
    workspace.ok(&["train", "--resume", "run", "--set", "train.epochs=3"]);
    let end = Instant::now() + Duration::from_secs(20);
    assert_eq!(first, "1");
    while version() != "3" {
        assert!(Instant::now() < end, "version {} is still served", version());
        std::thread::sleep(Duration::from_millis(20));
    }
    let second = version();
    let reply = server.client().post(LINE, "{\"instances\":[1]}").text().to_owned();
    // A checkpoint that is damaged, then gone: what was loaded stays.
    let checkpoints = workspace.path("run/checkpoints");
    for entry in std::fs::read_dir(&checkpoints).unwrap() {
        std::fs::write(entry.unwrap().path().join("model.safetensors"), b"damaged").unwrap();
    }
    std::fs::rename(&checkpoints, workspace.path("run/away")).unwrap();
    std::fs::rename(workspace.path("run/away"), &checkpoints).unwrap();
    std::thread::sleep(Duration::from_millis(400));
    std::fs::rename(workspace.path("run"), workspace.path("elsewhere")).unwrap();
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(version(), second);
    assert_eq!(server.client().post(LINE, "{\"instances\":[1]}").text(), reply);
    let metrics = server.client().get("/metrics");
    assert!(metrics.text().contains("taper_model_source_ok{model=\"default\"} 0"), "{}", metrics.text());
}

#[test]
fn a_client_that_hangs_up_is_no_longer_in_flight() {
    let workspace = trained();
    let server = Served::start(&workspace, &["run"]);
    let mut client = server.client();
    client.send(format!("POST {LINE} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{").as_bytes());
    let in_flight = |count: u32| {
        let line = format!("taper_requests_in_flight {count}");
        server.client().get("/metrics").text().lines().any(|found| found == line)
    };
    // The request for metrics is in flight, too.
    let end = Instant::now() + Duration::from_secs(10);
    while !in_flight(2) {
        assert!(Instant::now() < end, "the request is not seen");
    }
    drop(client);
    while !in_flight(1) {
        assert!(Instant::now() < end, "the request is still in flight");
    }
}

#[test]
fn tokens_are_needed_where_they_are_set_up() {
    let workspace = trained();
    workspace.file("tokens", "team: 0123456789abcdef\n");
    let server = Served::start(&workspace, &["run", "--tokens", "tokens"]);
    let post = |headers: &[(&str, &str)]| {
        server.client().request("POST", LINE, headers, b"{\"instances\":[1]}").status
    };
    assert_eq!(post(&[]), 401);
    assert_eq!(post(&[("Authorization", "Bearer 0123456789abcdeX")]), 401);
    assert_eq!(post(&[("Authorization", "Bearer 0123456789abcdef")]), 200);
    assert_eq!(server.client().get("/healthz").status, 200);
    assert_eq!(server.client().get("/metrics").status, 401);
}

#[cfg(unix)]
#[test]
fn tokens_that_could_not_be_read_are_tried_again() {
    let workspace = trained();
    let place = |content: &str, time| {
        // In one step, so that the server sees no other state.
        let new = workspace.file("new", content);
        let file = std::fs::File::options().write(true).open(&new).expect("a file");
        file.set_modified(time).expect("a time");
        std::fs::rename(new, workspace.path("tokens")).expect("renamed");
    };
    let now = std::time::SystemTime::now();
    place("0123456789abcdef\n", now - Duration::from_secs(20));
    let server = Served::start(&workspace, &["run", "--tokens", "tokens", "--set", "serve.poll_seconds=0.1"]);
    let post = |token: &str| {
        let header = format!("Bearer {token}");
        server.client().request("POST", LINE, &[("Authorization", &header)], b"{\"instances\":[1]}").status
    };
    // The second file looks like the first from outside: what reads it is the next try.
    place("too short, spaces\n", now - Duration::from_secs(10));
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(post("0123456789abcdef"), 200);
    place("fedcba9876543210X\n", now - Duration::from_secs(10));
    let end = Instant::now() + Duration::from_secs(20);
    while post("fedcba9876543210X") != 200 {
        assert!(Instant::now() < end, "the tokens are not read again");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(post("0123456789abcdef"), 401);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_after_what_is_in_flight_is_answered() {
    let workspace = trained();
    let server = Served::start(&workspace, &["run"]);
    // An idle connection, and one with half a request.
    let (mut idle, mut half) = (server.client(), server.client());
    assert_eq!(idle.get("/readyz").status, 200);
    let body = "{\"instances\":[1]}";
    let head = format!("POST {LINE} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
    half.send(head.as_bytes());
    std::thread::sleep(Duration::from_millis(100));
    let begun = Instant::now();
    server.signal("TERM");
    std::thread::sleep(Duration::from_millis(100));
    half.send(body.as_bytes());
    let answer = half.answer(false).expect("a reply");
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    let (status, stderr) = server.wait(Duration::from_secs(10));
    assert_eq!(status.code(), Some(0), "{stderr}");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}
