//! Panics in a copy of the source, planted where a request is parsed, computed and answered: each costs one reply.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::json;

use super::line;
use crate::client::{ARGUMENTS, Client, Served};
use crate::subject;
use crate::tier::{Tier, report, times};
use crate::workspace::Workspace;

/// The file, what is replaced in it, and by what: a panic for requests that no other client sends.
const PLANTED: [(&str, &str, &str); 3] = [
    (
        "src/serve/tensorflow/answer.rs",
        "    let call: Call = call(",
        "    assert!(document.signature.as_deref() != Some(\"PARSE\"), \"planted\");\n    let call: Call = call(",
    ),
    (
        "src/serve/compute.rs",
        "        version.predict(samples).map(",
        "        if let Features::Floats(floats) = &samples.features {
            assert!(!floats.contains(&666.0), \"planted\");
        }
        version.predict(samples).map(",
    ),
    (
        "src/serve/tensorflow/reply.rs",
        "    let key = if form",
        "    assert!(predictions.len() != 7, \"planted\");\n    let key = if form",
    ),
];

/// The requests that panic.
const BODIES: [&str; 3] = [
    "{\"signature_name\":\"PARSE\",\"instances\":[[1.5]]}",
    "{\"instances\":[[1.5],[666.0]]}",
    "{\"instances\":[[1],[2],[3],[4],[5],[6],[7]]}",
];

fn planted(source: &Path, (file, right, wrong): (&str, &str, &str)) -> String {
    let text = std::fs::read_to_string(source.join(file)).expect("a source file");
    assert_eq!(text.matches(right).count(), 1, "{file} has changed");
    text.replace(right, wrong)
}

/// The program with the planted panics, built from a copy in `folder`.
fn build(source: &Path, folder: &Path) -> PathBuf {
    subject::copy_source(source, folder);
    for place in PLANTED {
        std::fs::write(folder.join(place.0), planted(source, place)).expect("planted");
    }
    let target = subject::target_of_copies(source);
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--no-default-features", "--features", "cli,serve", "--bin", "taper"]);
    cargo.current_dir(folder).env("CARGO_TARGET_DIR", &target).stdin(Stdio::null());
    let built = cargo.output().expect("cargo runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    target.join("debug/taper")
}

fn post(client: &mut Client, body: &str) -> (u16, String) {
    let answer = client.post("/v1/models/m:predict", body);
    (answer.status, answer.text().to_owned())
}

#[test]
fn a_panic_costs_one_reply_wherever_it_is() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    for place in PLANTED {
        planted(source, place);
    }
    if Tier::now() == Tier::Fast {
        return;
    }
    let rounds = times([0, 30, 300]) as u64;
    let (workspace, copy) = (Workspace::new(), tempfile::tempdir().expect("a temporary folder"));
    workspace.file("m.safetensors", line(&workspace, 1.0, 0.0));
    let mut command = Command::new(build(source, copy.path()));
    let server = Served::of(command.args(ARGUMENTS).arg("m=m.safetensors").current_dir(workspace.path("")));
    let (stop, others) = (AtomicBool::new(false), AtomicU64::new(0));
    let right = ("{\"instances\":[[1.5]]}", (200, "{\"predictions\":[[1.5]]}".to_owned()));
    std::thread::scope(|scope| {
        // Others, whose samples share passes with those that panic.
        for _ in 0..3 {
            scope.spawn(|| {
                let mut client = server.client();
                while !stop.load(Ordering::Relaxed) {
                    assert_eq!(post(&mut client, right.0), right.1);
                    others.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut client = server.client();
        for round in 0..rounds {
            for (at, body) in BODIES.iter().enumerate() {
                let (status, text) = post(&mut client, body);
                assert!(status == 500 && text.contains("a bug in taper"), "{body}: {text}");
                assert_eq!(post(&mut client, right.0), right.1, "after {body}");
                let metrics = client.get("/metrics");
                let count = format!("taper_panics_total {}", 3 * round + at as u64 + 1);
                assert!(metrics.text().lines().any(|line| line == count), "{count}: {}", metrics.text());
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    let figures = json!({
        "panics": 3 * rounds, "replies_500": 3 * rounds, "replies_to_others": others.into_inner(), "wrong": 0,
    });
    report("serve_panics", &figures);
}
