//! Several processes in one run folder at the same time: two that train, and readers during training.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use taper::internals::checkpoint::{Checkpoint, Store};

use crate::subject::weights;
use crate::tier::{report, times};
use crate::workspace::{Outcome, Workspace};

/// A fraction of a second of training.
const SHORT: &str = r#"
[data.synthetic]
samples = 64
test_samples = 10
features = 8

[split]
validation = 0.25

[model]
layers = [{ dense = { units = 16, activation = "relu" } }, { dense = { units = 10 } }]

[loss.cross_entropy]

[optimizer.adam]

[train]
epochs = 40
batch_size = 16

[checkpoint]
every_epochs = 10
"#;

/// A folder in memory, if available, for the highest rate of saves.
fn quick_folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.expect("a folder")
}

fn spawn(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts")
}

/// The result of each of `children`, and when it ended.
fn finish(children: Vec<Child>, start: Instant) -> Vec<(Outcome, Duration)> {
    let wait = |child: Child| (Outcome::of(child.wait_with_output().expect("its output")), start.elapsed());
    std::thread::scope(|scope| {
        let waiting: Vec<_> = children.into_iter().map(|child| scope.spawn(move || wait(child))).collect();
        waiting.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

#[test]
fn of_two_trainings_in_one_folder_only_one_continues() {
    let workspace = Workspace::new();
    workspace.file("x.toml", SHORT);
    workspace.ok(&["train", "--config", "x.toml", "--run-dir", "alone"]);
    let right = weights(&workspace.path("alone"));
    let quick = quick_folder();
    let races = times([10, 100, 200]);
    let (mut refused, mut in_turn, mut slowest) = (0, 0, Duration::ZERO);
    for race in 0..races {
        let folder = quick.path().join(format!("run-{race}"));
        let run = folder.to_str().expect("a name");
        // A process that starts after the other has ended reports that the folder is taken, has nothing left
        // to do, or starts over, in this order of flags.
        let (flag, after) = [(None, 2), (Some("--resume=auto"), 0), (Some("--force"), 0)][race % 3];
        let mut arguments = vec!["-q", "train", "--config", "x.toml", "--run-dir", run];
        arguments.extend(flag);
        let start = Instant::now();
        let first = spawn(&mut workspace.command(&arguments));
        // At the same moment, or while the other starts, trains, ends or has ended.
        let delay = Duration::from_millis(if race % 2 == 0 { 0 } else { race as u64 * 29 % 200 });
        std::thread::sleep(delay);
        let outcomes = finish(vec![first, spawn(&mut workspace.command(&arguments))], start + delay);
        let mut codes: Vec<i32> = outcomes.iter().map(|(outcome, _)| outcome.code).collect();
        codes.sort_unstable();
        let text: Vec<&str> = outcomes.iter().map(|(outcome, _)| outcome.stderr.as_str()).collect();
        assert_eq!(codes[0], 0, "{flag:?}: {text:?}");
        assert!([7, after, 2].contains(&codes[1]), "{flag:?}: {codes:?} {text:?}");
        if let Some((loser, time)) = outcomes.iter().find(|(outcome, _)| outcome.code == 7) {
            assert!(loser.stderr.contains("another taper process is using this run folder"), "{text:?}");
            assert_eq!(loser.stderr.lines().count(), 1, "{text:?}");
            refused += 1;
            slowest = slowest.max(*time);
        } else {
            in_turn += 1;
        }
        assert!(weights(&folder) == right, "{flag:?}: other weights");
        let events = std::fs::read_to_string(folder.join("events.jsonl")).expect("events");
        for event in ["start", "end"] {
            let count = events.matches(&format!("\"event\":\"{event}\"")).count();
            assert!(
                count == 1 || flag == Some("--resume=auto") && event == "end",
                "{count} {event}:\n{events}"
            );
        }
        std::fs::remove_dir_all(&folder).expect("a run folder");
    }
    assert!(slowest < Duration::from_secs(if cfg!(debug_assertions) { 5 } else { 1 }), "{slowest:?}");
    let slowest = slowest.as_secs_f64() * 1e3;
    let figures = json!({ "races": races, "refused": refused, "in turn": in_turn, "slowest refusal_ms": slowest, "mixed": 0 });
    report("two trainings in one folder", &figures);
}

#[test]
fn a_run_that_is_being_trained_has_no_second_writer() {
    let workspace = Workspace::new();
    workspace.file("x.toml", SHORT.replace("epochs = 40", "epochs = 1000000"));
    let run = workspace.path("run");
    let train = ["-q", "train", "--config", "x.toml", "--run-dir", "run"];
    let mut first = spawn(&mut workspace.command(&train));
    let start = Instant::now();
    while Store::new(&run).steps().expect("a list").is_empty() {
        assert!(start.elapsed() < Duration::from_secs(30), "no checkpoint");
        std::thread::sleep(Duration::from_millis(2));
    }
    let limit = ["--set", "train.max_steps=1"];
    for second in [&train[1..], &[&train[1..], &["--force"]].concat(), &["train", "--resume", "run"]] {
        let outcome = workspace.run(&[second, &limit].concat());
        assert_eq!(outcome.code, 7, "{second:?}: {}", outcome.stderr);
    }
    assert!(first.try_wait().expect("a child").is_none(), "the first run was disturbed");
    first.kill().expect("killed");
    first.wait().expect("a child");
    assert!(Store::new(&run).latest(|error| panic!("{error}")).expect("checkpoints").is_some());
}

#[test]
fn a_run_in_progress_can_be_read_at_any_moment() {
    let workspace = Workspace::new();
    // Every step is saved and the previous checkpoint deleted; every third, at the end of an epoch, is the
    // best so far, because such small steps of gradient descent always improve the loss.
    let folder = quick_folder();
    let run = folder.path().join("run");
    let frequent = SHORT
        .replace("epochs = 40", "epochs = 1000000")
        .replace("every_epochs = 10", "every_steps = 1\nkeep_last = 1")
        .replace("[optimizer.adam]", "[optimizer.sgd]\nlearning_rate = 1e-5");
    workspace.file("x.toml", frequent);
    let path = run.to_str().expect("a name");
    let mut training =
        spawn(&mut workspace.command(&["-q", "train", "--config", "x.toml", "--run-dir", path]));
    let start = Instant::now();
    while Store::new(&run).steps().expect("a list").is_empty() {
        assert!(start.elapsed() < Duration::from_secs(30), "no checkpoint");
        std::thread::sleep(Duration::from_millis(1));
    }
    let fewest: u64 = times([200, 2_000, 10_000]);
    let (mut torn, mut last, mut different, mut loads) = (Vec::new(), 0, 0, 0);
    // On a busy machine the training may be slow: reading goes on until it has met enough checkpoints.
    while loads < fewest || (different <= fewest / 20 && start.elapsed() < Duration::from_mins(2)) {
        // Sometimes right after the last load, sometimes after another save.
        std::thread::sleep(Duration::from_micros(loads % 7 * 300));
        loads += 1;
        match Checkpoint::open(&run, |error| torn.push(error.to_string())) {
            Ok(checkpoint) => {
                let step = checkpoint.state.expect("a state").position.step;
                different += u64::from(step != last);
                last = step;
            }
            Err(error) => torn.push(error.to_string()),
        }
    }
    let evaluations = times([10, 100, 300]);
    for _ in 0..evaluations {
        let outcome = workspace.run(&["-q", "eval", "--checkpoint", path]);
        if outcome.code != 0 || !outcome.stderr.is_empty() {
            torn.push(outcome.stderr);
        }
    }
    let going_on = training.try_wait().expect("a child").is_none();
    training.kill().expect("a child");
    let stderr = training.wait_with_output().expect("its output").stderr;
    assert!(going_on, "the training ended: {}", String::from_utf8_lossy(&stderr));
    let saves = Store::new(&run).steps().expect("a list").first().copied();
    let figures = json!({ "loads": loads, "evaluations": evaluations, "torn": torn.len(), "different": different, "saves": saves });
    report("reading a run that is being trained", &figures);
    assert!(torn.is_empty(), "{}: {}", torn.len(), torn[0]);
    assert!(different > fewest / 20, "only {different} checkpoints were seen, too few for a test");
}
