//! At least 150 invalid configs: exit code 2, with the key, the place and the remedy, no run folder, little
//! time and memory. `tests/it/config_errors.rs` covers whole messages of other ones.
//!
//! - `edits.txt`: mistakes in `right.toml`, one per line.
//! - `files`: files that are invalid as a whole: encodings, JSON, huge, deep.
//! - `flags`: `--set` and `TAPER__…`.

mod files;
mod flags;

use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::tier::{Tier, report};
use crate::workspace::{Outcome, Workspace};

/// A valid config.
const RIGHT: &str = include_str!("bad_configs/right.toml");
/// What is replaced in it, the replacement, and the expected message and help.
const EDITS: &str = include_str!("bad_configs/edits.txt");

/// The time limit for an invalid config: the claim for a release build, and a limit for a debug build on a
/// busy machine.
fn time_limit() -> Duration {
    if cfg!(debug_assertions) || Tier::now() == Tier::Fast {
        Duration::from_secs(5)
    } else {
        Duration::from_millis(100)
    }
}

/// The memory limit for an invalid config, in KiB; the program of a debug build is larger itself.
const MEMORY_LIMIT: u64 = if cfg!(debug_assertions) { 96 << 10 } else { 64 << 10 };

/// An invalid config and the expected message.
#[derive(Clone, Debug, Default)]
struct Case {
    /// The name to report if it fails.
    name: String,
    /// The config's file name; its extension determines the syntax.
    file: String,
    content: Vec<u8>,
    /// Additional arguments, and environment variables.
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    /// The expected place, such as `x.toml:3:7`; empty if the file is not read.
    place: String,
    /// Further text that stderr must contain.
    says: Vec<String>,
}

/// The resources used by a run of the program.
struct Cost {
    time: Duration,
    /// `VmHWM` of Linux, in KiB: the peak memory usage.
    memory: u64,
}

/// `text` without its mark, and the mark's position: line and column, counted from 1.
fn marked(text: &str) -> (String, Option<(usize, usize)>) {
    let Some(at) = text.find('‸') else { return (text.to_owned(), None) };
    let before = &text[..at];
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (text.replacen('‸', "", 1), Some((before.matches('\n').count() + 1, column)))
}

fn edits() -> Vec<Case> {
    let lines = EDITS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let case = |line: &str| {
        let line = line.replace("\\n", "\n");
        let parts: Vec<&str> = line.split(" ⇒ ").collect();
        let [replaced, by, message, help] = parts[..] else { panic!("not four parts: {line}") };
        assert_eq!(RIGHT.matches(replaced).count().min(1), 1, "not in the valid config: {replaced}");
        let (content, place) = marked(&RIGHT.replacen(replaced, by, 1));
        let (row, column) = place.unwrap_or_else(|| panic!("no mark: {line}"));
        Case {
            name: line.clone(),
            file: "x.toml".to_owned(),
            content: content.into(),
            place: format!("x.toml:{row}:{column}\n"),
            says: vec![message.to_owned(), help.trim_end().to_owned()],
            ..Case::default()
        }
    };
    lines.map(case).collect()
}

impl Case {
    /// Runs `taper check` and `taper train`; returns all complaints, and the higher costs.
    fn run(&self) -> (Vec<String>, Cost) {
        let workspace = Workspace::new();
        workspace.file(&self.file, &self.content);
        let mut wrong = Vec::new();
        let mut worst = Cost { time: Duration::ZERO, memory: 0 };
        for command in ["check", "train"] {
            let mut arguments = vec!["-q", command, "--config", &self.file];
            arguments.extend(self.arguments.iter().map(String::as_str));
            // Other processes slow this one down, so the best of three runs counts.
            let mut best: Option<Cost> = None;
            for _ in 0..3 {
                let mut process = workspace.command(&arguments);
                process.envs(self.environment.iter().map(|(name, value)| (name, value)));
                let (outcome, cost) = measured(&mut process);
                wrong.extend(self.complaints(&outcome).map(|text| format!("taper {command}: {text}")));
                let slow = cost.time > time_limit();
                if best.as_ref().is_none_or(|best| cost.time < best.time) {
                    best = Some(cost);
                }
                if !slow || !wrong.is_empty() {
                    break;
                }
            }
            let best = best.expect("a run");
            worst.time = worst.time.max(best.time);
            worst.memory = worst.memory.max(best.memory);
        }
        if worst.time > time_limit() {
            wrong.push(format!("took {:?}", worst.time));
        }
        if worst.memory > MEMORY_LIMIT {
            wrong.push(format!("took {} KiB", worst.memory));
        }
        if workspace.path("runs").exists() {
            wrong.push("left a run folder".to_owned());
        }
        (wrong, worst)
    }

    fn complaints(&self, outcome: &Outcome) -> impl Iterator<Item = String> {
        let mut wrong = Vec::new();
        if outcome.code != 2 {
            wrong.push(format!("exit {}", outcome.code));
        }
        if !outcome.stdout.is_empty() {
            wrong.push(format!("stdout {}", outcome.stdout));
        }
        if !outcome.messages().starts_with("error: ") {
            wrong.push("does not begin with `error: `".to_owned());
        }
        if outcome.stderr.len() > 30_000 {
            wrong.push(format!("{} bytes of messages", outcome.stderr.len()));
        }
        for text in self.says.iter().chain([&self.place]) {
            if !outcome.stderr.contains(text) {
                wrong.push(format!("does not say {text:?}"));
            }
        }
        if !wrong.is_empty() {
            wrong.push(outcome.stderr.chars().take(1200).collect());
        }
        wrong.into_iter()
    }
}

/// Runs `command` and samples its memory usage until it ends. The peak that the system reports afterwards
/// would include the memory of this process, from which the child is forked.
fn measured(command: &mut Command) -> (Outcome, Cost) {
    let start = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let status = format!("/proc/{}/status", child.id());
    let mut memory = 0;
    // The messages of an invalid config fit into the pipes.
    while child.try_wait().expect("a child").is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let ours = text.lines().next().is_some_and(|line| line.ends_with("taper"));
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).filter(|_| ours);
        let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse().ok());
        memory = memory.max(peak.unwrap_or(0));
        assert!(start.elapsed() < Duration::from_mins(1), "did not end");
        std::thread::sleep(Duration::from_micros(200));
    }
    let time = start.elapsed();
    (Outcome::of(child.wait_with_output().expect("its output")), Cost { time, memory })
}

#[test]
fn the_config_that_is_edited_is_valid() {
    let workspace = Workspace::new();
    workspace.file("x.toml", RIGHT);
    workspace.ok(&["check", "--config", "x.toml"]);
    workspace
        .file("x.json", workspace.ok(&["config", "show", "--config", "x.toml", "--format", "json"]).stdout);
    let found = workspace.ok(&["check", "--config", "x.json", "--format", "json"]).json();
    assert_eq!(found["layers"][5]["layer"], "dense");
}

#[test]
fn every_bad_config_is_explained_quickly_and_cheaply() {
    let cases: Vec<Case> = edits().into_iter().chain(files::cases()).chain(flags::cases()).collect();
    assert!(cases.len() >= 150, "{}", cases.len());
    let queue = Mutex::new(cases.iter());
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(case) = queue.lock().expect("no panic").next() else { break };
                    let result = (&case.name, case.run());
                    results.lock().expect("no panic").push(result);
                }
            });
        }
    });
    let results = results.into_inner().expect("no panic");
    let slowest = results.iter().max_by_key(|(_, (_, cost))| cost.time).expect("a case");
    let largest = results.iter().max_by_key(|(_, (_, cost))| cost.memory).expect("a case");
    let figures = json!({
        "configs": results.len(),
        "right": results.iter().filter(|(_, (wrong, _))| wrong.is_empty()).count(),
        "slowest_ms": slowest.1.1.time.as_secs_f64() * 1e3,
        "slowest": slowest.0,
        "largest_kib": largest.1.1.memory,
        "largest": largest.0,
        "debug": cfg!(debug_assertions),
    });
    report("bad configs", &figures);
    let wrong: Vec<String> = results
        .iter()
        .filter(|(_, (wrong, _))| !wrong.is_empty())
        .map(|(name, (wrong, _))| format!("== {name}\n{}", wrong.join("\n")))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
