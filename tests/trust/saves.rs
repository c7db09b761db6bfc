//! A save is killed, and fails, at each of its system calls; the order of its writes is checked.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::subject::{self, MLP};
use crate::tier::{report, times};
use crate::trace::{self, Call, Disk, is_checkpoint};
use crate::workspace::Workspace;

/// The step of the run before and after the traced part: two saves, deletion of old checkpoints, the end of
/// the run.
const STEPS: [u64; 2] = [12, 30];

fn arguments(folder: &str, steps: u64) -> Vec<String> {
    let mut arguments = MLP.arguments(folder);
    arguments.extend(["--set", "checkpoint.keep_last=1", "--threads", "1", "--set"].map(str::to_owned));
    arguments.push(format!("train.max_steps={steps}"));
    arguments
}

/// The program under `strace` with `options`.
fn traced(workspace: &Workspace, options: &[&str], arguments: &[String]) -> Command {
    let program = workspace.command(arguments);
    let mut command = Command::new("strace");
    command.arg("-f").args(options).arg(program.get_program()).args(program.get_args());
    command.current_dir(workspace.path(""));
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// Runs `command` and returns its exit code (`None` if a signal ended it) and its messages.
fn end(what: &str, mut command: Command) -> (Option<i32>, String) {
    let output = command.stdin(Stdio::null()).output().expect("strace runs");
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!messages.contains("panicked"), "{what}: {messages}");
    let lines = messages.lines().filter(|line| !line.contains("this is a debug build"));
    (output.status.code(), lines.collect::<Vec<_>>().join("\n"))
}

#[test]
fn every_file_and_name_is_flushed_before_something_relies_on_it() {
    if !trace::is_available() {
        return;
    }
    let workspace = MLP.workspace();
    let runs = workspace.path("runs of today");
    let options = ["-y", "-s", "0", "-o", "trace"];
    let folder = runs.join("traced").display().to_string();
    let (code, messages) = end("a trace", traced(&workspace, &options, &arguments(&folder, STEPS[1])));
    assert_eq!(code, Some(0), "{messages}");
    let calls =
        trace::calls(&String::from_utf8_lossy(&workspace.read("trace")), workspace.path("").as_path());
    let saves = calls.iter().filter(|call| matches!(call, Call::Rename(_, to) if is_checkpoint(to))).count();
    assert_eq!(saves, 3, "{calls:#?}");
    assert_eq!(Disk::violations(&calls), Vec::<String>::new(), "{calls:#?}");

    // Controls: every omitted flush and every wrong order must be detected.
    let flushed: BTreeSet<_> = calls
        .iter()
        .filter_map(|call| if let Call::Flush(path) = call { Some(path) } else { None })
        .collect();
    for path in &flushed {
        let without: Vec<Call> = calls
            .iter()
            .filter(|call| !matches!(call, Call::Flush(other) if other == *path))
            .cloned()
            .collect();
        assert!(!Disk::violations(&without).is_empty(), "nobody misses that {} is flushed", path.display());
    }
    let mut swapped = 0;
    for first in 1..calls.len() {
        let pair = (&calls[first - 1], &calls[first]);
        let matters = match pair {
            (Call::Flush(folder), Call::Rename(from, _)) => folder == from,
            (Call::Rename(_, to), Call::Flush(folder)) => to.parent() == Some(folder) && is_checkpoint(to),
            _ => false,
        };
        if matters {
            let mut calls = calls.clone();
            calls.swap(first - 1, first);
            assert!(!Disk::violations(&calls).is_empty(), "the wrong order of {pair:?} was not detected");
            swapped += 1;
        }
    }
    assert!(swapped >= 2 * saves, "{swapped}");
    report(
        "order of a save",
        &json!({ "calls": calls.len(), "saves": saves, "violations": 0,
            "flushes_left_out_and_noticed": flushed.len(), "swaps_noticed": swapped }),
    );
}

/// The runs from which the cases start and with which they are compared: `base` stopped before the traced
/// part, `whole` was never stopped.
fn prepared() -> Workspace {
    let workspace = MLP.workspace();
    workspace.ok(&arguments("base", STEPS[0]));
    workspace.ok(&arguments("whole", STEPS[1]));
    workspace
}

/// All system calls of the run after it has opened its folder: each with its name and its number among calls
/// of that name.
fn all_calls(workspace: &Workspace) -> Vec<(String, usize)> {
    subject::copy(&workspace.path("base"), &workspace.path("traced"));
    let options = ["-s", "0", "-e", "trace=%file,%desc", "-o", "trace"];
    let (code, messages) = end("a trace", traced(workspace, &options, &arguments("traced", STEPS[1])));
    assert_eq!(code, Some(0), "{messages}");
    let text = String::from_utf8_lossy(&workspace.read("trace")).into_owned();
    let process = text.split(' ').next().expect("a process");
    let mut counts = BTreeMap::<String, usize>::new();
    let (mut calls, mut begun) = (Vec::new(), false);
    for line in trace::whole_lines(&text).iter().filter(|line| line.starts_with(process)) {
        let Some((head, arguments)) = line.split_once('(') else { continue };
        let name = head.rsplit(' ').next().unwrap_or_default().to_owned();
        begun |= arguments.contains("\"traced");
        let number = counts.entry(name.clone()).or_default();
        *number += 1;
        if begun {
            calls.push((name, *number));
        }
    }
    assert!(calls.len() > 100, "{calls:?}");
    calls
}

/// Runs every case as a separate run, several at a time: with `inject` in strace's syntax, then without;
/// `judge` gets the result of the first.
fn for_each_case(workspace: &Workspace, cases: &[String], judge: impl Fn(&str, Option<i32>, &str) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(inject) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let folder = format!("case {inject}");
                    let run = workspace.path(&folder);
                    subject::copy(&workspace.path("base"), &run);
                    let option = format!("inject={inject}");
                    let options = ["-o", "/dev/null", "-e", &option];
                    let (code, messages) =
                        end(inject, traced(workspace, &options, &arguments(&folder, STEPS[1])));
                    judge(inject, code, &messages);
                    let step = subject::latest_step(&run).expect("a checkpoint");
                    assert!((STEPS[0]..=STEPS[1]).contains(&step), "{inject}: step {step}");
                    workspace.ok(&arguments(&folder, STEPS[1]));
                    subject::assert_same(&workspace.path("whole"), &run, inject);
                    std::fs::remove_dir_all(&run).expect("deleted");
                }
            });
        }
    });
}

/// All of `cases`, or in the fast tier some of them, evenly spread.
fn some(cases: Vec<String>) -> Vec<String> {
    let step = times([cases.len().div_ceil(24), 1, 1]);
    cases.into_iter().step_by(step).collect()
}

#[test]
fn a_kill_at_any_system_call_of_a_save_loses_nothing() {
    if !trace::is_available() {
        return;
    }
    let workspace = prepared();
    let calls = all_calls(&workspace);
    let cases =
        some(calls.iter().map(|(name, number)| format!("{name}:signal=KILL:when={number}")).collect());
    for_each_case(&workspace, &cases, |inject, code, messages| {
        // strace ends by the signal that ended the program.
        assert_eq!(code, None, "{inject} did not kill it: {messages}");
    });
    report(
        "a kill at every system call",
        &json!({ "system_calls": calls.len(), "killed": cases.len(), "bad_states": 0 }),
    );
}

#[test]
fn an_error_at_any_system_call_of_a_save_loses_nothing() {
    if !trace::is_available() {
        return;
    }
    let workspace = prepared();
    let calls = all_calls(&workspace);
    let mut cases = Vec::new();
    for (name, number) in &calls {
        let errors: &[&str] = match name.as_str() {
            "write" => &["ENOSPC", "EIO", "EINTR", "EDQUOT"],
            "fsync" | "fdatasync" => &["EIO", "ENOSPC", "EINTR"],
            "rename" => &["EIO", "ENOSPC", "EACCES"],
            "mkdir" | "ftruncate" => &["ENOSPC", "EIO"],
            "openat" => &["EMFILE", "ENOSPC", "EIO", "EINTR"],
            // Closing a folder never fails on Linux, and Rust's standard library relies on it.
            // Without the current folder, the config's folder is unknown, which the checkpoint records.
            "close" | "getcwd" => &[],
            _ => &["EIO"],
        };
        cases.extend(errors.iter().map(|error| format!("{name}:error={error}:when={number}")));
    }
    let (all, cases) = (cases.len(), some(cases));
    let codes = Mutex::new(BTreeMap::<i32, usize>::new());
    for_each_case(&workspace, &cases, |inject, code, messages| {
        let code = code.unwrap_or_else(|| panic!("{inject}: a signal ended it: {messages}"));
        assert!([0, 1, 3, 4].contains(&code), "{inject}: exit {code}: {messages}");
        assert!(messages.lines().count() <= 1 && (code == 0) == messages.is_empty(), "{inject}: {messages}");
        let repeated = ["write", "fsync", "fdatasync"].iter().any(|name| inject.starts_with(name));
        assert!(
            code == 0 || !(repeated && inject.contains("EINTR")),
            "{inject}: was not retried: {messages}"
        );
        *codes.lock().expect("a count").entry(code).or_default() += 1;
    });
    let codes = codes.into_inner().expect("a count");
    report(
        "an error at every system call",
        &json!({ "possible": all, "made_to_fail": cases.len(), "exit_codes": codes, "bad_states": 0 }),
    );
}
