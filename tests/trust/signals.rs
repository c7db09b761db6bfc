//! A signal at a random moment soon leaves a checkpoint of the current state.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;
use taper::events::{Event, Events};
use taper::random::{Purpose, Stream};

use crate::subject::{self, CNN, MLP, Subject};
use crate::tier::{report, times};
use crate::workspace::Workspace;

/// How a run that got one signal ended.
enum End {
    /// It had already finished.
    Finished,
    /// The signal came before the program could handle it; nothing was changed.
    NotBegun,
    /// It stopped with a checkpoint, after this time.
    Stopped(Duration),
}

fn send(signal: &str, process: u32) {
    // If the process has just ended, that is not a failure.
    let mut kill = Command::new("kill");
    kill.args([format!("-{signal}"), process.to_string()]).stderr(Stdio::null()).status().expect("kill runs");
}

fn one_signal(subject: &Subject, workspace: &Workspace, signal: (&str, i32), delay: Duration) -> End {
    let run = workspace.path("run");
    let stand = || run.exists().then(|| subject::contents(&run));
    let before = stand();
    let mut child = workspace
        .command(&subject.arguments("run"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    std::thread::sleep(delay);
    let asked = Instant::now();
    send(signal.0, child.id());
    let status = child.wait().expect("it ends");
    let time = asked.elapsed();
    let output = child.wait_with_output().expect("its output");
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(!messages.contains("panicked"), "{messages}");
    match status.code() {
        Some(0) => End::Finished,
        None => {
            assert!(stand() == before, "killed although it had begun");
            End::NotBegun
        }
        Some(code) if messages.contains("while reading the data") => {
            assert_eq!(code, 128 + signal.1, "{messages}");
            assert!(stand() == before, "it had not begun, but changed something");
            End::NotBegun
        }
        Some(code) => {
            assert_eq!(code, 128 + signal.1, "{messages}");
            // Subjects log every step.
            assert_eq!(subject::latest_step(&run), Some(last_logged_step(&run)), "{messages}");
            End::Stopped(time)
        }
    }
}

/// The last step in `events.jsonl`, or 0.
fn last_logged_step(run: &Path) -> u64 {
    let Ok(events) = Events::open(run) else { return 0 };
    let steps = events.filter_map(|line| match line.expect("an event").event {
        Event::Step { step, .. } => Some(step),
        _ => None,
    });
    steps.last().unwrap_or(0)
}

#[test]
fn a_signal_at_any_moment_leaves_a_checkpoint_soon() {
    let wanted = times([12, 100, 300]);
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_nanos() as u64;
    let mut random = Stream::new(seed, Purpose::Data, [0, 0]);
    let [mut stopped, mut finished, mut not_begun] = [0, 0, 0];
    let mut times = Vec::new();
    'all: for subject in [&MLP, &CNN].into_iter().cycle() {
        let workspace = subject.workspace();
        let start = Instant::now();
        workspace.ok(&subject.arguments("whole"));
        let whole = start.elapsed();
        for signal in [("TERM", 15), ("INT", 2), ("TERM", 15), ("HUP", 1), ("TERM", 15)] {
            // One run that is stopped again and again until it is done.
            loop {
                match one_signal(subject, &workspace, signal, whole.mul_f64(random.uniform())) {
                    End::Finished => break,
                    End::NotBegun => not_begun += 1,
                    End::Stopped(time) => {
                        stopped += u64::from(signal.0 == "TERM");
                        times.push(time);
                    }
                }
            }
            finished += 1;
            let what = format!("{}, seed {seed}, {}", subject.name, signal.0);
            subject::assert_same_end(&workspace.path("whole"), &workspace.path("run"), &what);
            std::fs::remove_dir_all(workspace.path("run")).expect("deleted");
            if stopped >= wanted {
                break 'all;
            }
        }
    }
    times.sort();
    let share = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64();
    assert!(share(99) <= 3.0 && share(100) <= 10.0, "{:?}", times.last());
    report(
        "signals",
        &json!({ "sigterm_stopped": stopped, "stopped_by_any_signal": times.len(), "without_checkpoint": 0,
            "before_the_program_could_catch_it": not_begun, "runs_finished_bit_for_bit": finished,
            "seconds_median": share(50), "seconds_p99": share(99), "seconds_max": share(100) }),
    );
}

#[test]
fn a_second_signal_ends_the_run_at_once() {
    for _ in 0..times([2, 10, 20]) {
        let workspace = CNN.workspace();
        let mut arguments = CNN.arguments("run");
        arguments.extend(["--set".to_owned(), "train.epochs=100000".to_owned()]);
        let mut child = workspace
            .command(&arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let start = Instant::now();
        while subject::last_told_step(&workspace.path("run")) < 20 {
            assert!(start.elapsed() < Duration::from_mins(1), "the run did not start");
            std::thread::sleep(Duration::from_millis(5));
        }
        send("INT", child.id());
        send("TERM", child.id());
        let asked = Instant::now();
        let code = child.wait().expect("it ends").code();
        assert!(asked.elapsed() < Duration::from_millis(500), "took {:?}", asked.elapsed());
        assert!([Some(143), Some(130)].contains(&code), "{code:?}");
        assert!(subject::latest_step(&workspace.path("run")).is_some());
    }
}
