//! A long run needs no more memory than a short one.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::subject::CNN;
use crate::tier::{report, times};

/// The memory of a process in KiB, if it is still running.
fn resident(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(target_os = "linux")]
#[test]
fn a_long_run_needs_no_more_memory_than_a_short_one() {
    let minutes = times([0.1, 5.0, 60.0]);
    let workspace = CNN.workspace();
    let mut arguments = CNN.arguments("run");
    let limits = [format!("train.max_minutes={minutes}"), "train.epochs=1000000000".to_owned()];
    // A long run that logged and saved each of its short steps would be limited by the disk.
    let rates = ["train.log_every_steps=100".to_owned(), "checkpoint.every_steps=100".to_owned()];
    let epochs = ["checkpoint.every_epochs=100".to_owned()];
    arguments.extend(limits.into_iter().chain(rates).chain(epochs).flat_map(|set| ["--set".to_owned(), set]));
    let mut child = workspace
        .command(&arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let start = Instant::now();
    let time = Duration::from_secs_f64(minutes * 60.0);
    let mut warm = Vec::new();
    while start.elapsed() < time.mul_f64(0.95) {
        std::thread::sleep(Duration::from_millis(times([20, 500, 1000])));
        let Some(kibibytes) = resident(child.id()) else { break };
        if start.elapsed() > time.mul_f64(0.1) {
            warm.push(kibibytes);
        }
    }
    let code = child.wait().expect("it ends").code();
    assert_eq!(code, Some(0), "after {:?}", start.elapsed());
    let (first, most) = (warm[0], warm.iter().copied().max().unwrap_or(0));
    assert!(most - first < 8 << 10, "grew from {first} to {most} KiB");
    let summary: serde_json::Value =
        serde_json::from_slice(&workspace.read("run/summary.json")).expect("a summary");
    report(
        "memory of a long run",
        &json!({ "minutes": minutes, "steps": summary["steps"], "epochs": summary["epochs"],
            "warm_kib": first, "most_kib": most, "last_kib": warm.last() }),
    );
}
