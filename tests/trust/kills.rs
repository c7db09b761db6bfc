//! Runs that are killed at random moments resume to the same end, bit for bit.

use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;
use taper::random::{Purpose, Stream};

use crate::subject::{self, CNN, MLP, MOMENTUM, Subject};
use crate::tier::{report, times};
use crate::workspace::Workspace;

/// The counts of the report.
#[derive(Default)]
pub struct Count {
    pub kills: AtomicU64,
    pub runs: AtomicU64,
    pub before_first_checkpoint: AtomicU64,
    most_kills: AtomicU64,
}

impl Count {
    /// Adds another count.
    pub fn add(&self, other: &Self) {
        let both = [(&self.kills, &other.kills), (&self.runs, &other.runs)];
        for (own, other) in
            both.into_iter().chain([(&self.before_first_checkpoint, &other.before_first_checkpoint)])
        {
            own.fetch_add(other.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.most_kills.fetch_max(other.most_kills.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// Runs `subject` in `folder`, killed again and again until it finishes; the moments are uniformly
/// distributed over the time of a whole run.
pub fn killed_until_done(
    subject: &Subject,
    workspace: &Workspace,
    folder: &str,
    whole: Duration,
    random: &mut Stream,
    count: &Count,
) {
    let run = workspace.path(folder);
    let (mut latest, mut kills) = (None, 0);
    loop {
        let arguments = subject.arguments(folder);
        let mut child = workspace
            .command(&arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        std::thread::sleep(whole.mul_f64(random.uniform()));
        child.kill().expect("killed");
        let output = child.wait_with_output().expect("its output");
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(!messages.contains("panicked") && !messages.contains("skipped"), "{messages}");
        if let Some(code) = output.status.code() {
            assert_eq!(code, 0, "{messages}");
            break;
        }
        kills += 1;
        let found = if run.join("checkpoints").exists() { subject::latest_step(&run) } else { None };
        assert!(found >= latest, "a lost checkpoint: before {latest:?}, now {found:?}");
        let told = subject::last_told_step(&run);
        assert!(told <= found.unwrap_or(0) + subject.interval, "step {told} was logged, {found:?} was saved");
        count.before_first_checkpoint.fetch_add(u64::from(found.is_none()), Ordering::Relaxed);
        latest = found;
    }
    count.kills.fetch_add(kills, Ordering::Relaxed);
    count.runs.fetch_add(1, Ordering::Relaxed);
    count.most_kills.fetch_max(kills, Ordering::Relaxed);
}

#[test]
fn killed_runs_end_like_uninterrupted_ones() {
    let wanted = times([24, 300, 1000]);
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_nanos() as u64;
    let count = Count::default();
    std::thread::scope(|scope| {
        for worker in 0..3_u64 {
            let count = &count;
            scope.spawn(move || {
                let subject = [&MLP, &CNN, &MOMENTUM][worker as usize];
                let workspace = subject.workspace();
                workspace.ok(&subject.arguments("whole"));
                let start = Instant::now();
                workspace.ok(&subject.arguments("again"));
                let time = start.elapsed();
                let mut random = Stream::new(seed, Purpose::Data, [worker, 0]);
                for life in 0.. {
                    if count.kills.load(Ordering::Relaxed) >= wanted {
                        break;
                    }
                    let folder = format!("life-{life}");
                    killed_until_done(subject, &workspace, &folder, time, &mut random, count);
                    let what = format!("{}, seed {seed}, life {life}", subject.name);
                    subject::assert_same(&workspace.path("whole"), &workspace.path(&folder), &what);
                    std::fs::remove_dir_all(workspace.path(&folder)).expect("deleted");
                }
            });
        }
    });
    let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
    assert!(read(&count.kills) >= wanted);
    report(
        "random SIGKILLs",
        &json!({
            "kills": read(&count.kills),
            "runs": read(&count.runs),
            "most_kills_of_one_run": read(&count.most_kills),
            "kills_before_the_first_checkpoint": read(&count.before_first_checkpoint),
            "lost_checkpoints": 0,
            "runs_that_differ": 0,
        }),
    );
}
