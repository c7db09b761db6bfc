//! Logs that were deleted, cut off, rotated or edited: the weights are intact, so the run resumes with a
//! warning.

use taper::events::{Event, Events};

use crate::workspace::{Outcome, Workspace};

/// Four steps per epoch, all of them logged.
const CONFIG: &str = r#"
name = "l"
seed = 5
[data.synthetic]
samples = 50
features = 4
classes = 3
[split]
validation = 0.2
[model]
layers = [ { dense = { units = 8, activation = "relu" } }, { dense = { units = 3 } } ]
[loss.cross_entropy]
[optimizer.adam]
[train]
epochs = 4
batch_size = 10
log_every_steps = 1
"#;

/// A workspace with `whole`, which was never stopped, and `run`, stopped after two epochs and two steps.
fn stopped() -> Workspace {
    let workspace = Workspace::new();
    workspace.file("l.toml", CONFIG);
    workspace.ok(&["train", "--config", "l.toml", "--run-dir", "whole"]);
    workspace.ok(&["train", "--config", "l.toml", "--run-dir", "run", "--set", "train.max_steps=10"]);
    workspace
}

fn resume(workspace: &Workspace) -> Outcome {
    workspace.ok(&["train", "--resume", "run", "--set", "train.max_steps=null"])
}

fn text(workspace: &Workspace, file: &str) -> String {
    String::from_utf8(workspace.read(file)).expect("text")
}

/// The lines of `metrics.csv` without the last two columns, which are times.
fn table(workspace: &Workspace, run: &str) -> Vec<String> {
    let timeless = |line: &str| line.rsplitn(3, ',').last().unwrap_or_default().to_owned();
    text(workspace, &format!("{run}/metrics.csv")).lines().map(timeless).collect()
}

/// The logged steps, in order; every line must be an event.
fn told(workspace: &Workspace) -> Vec<u64> {
    let events =
        Events::open(&workspace.path("run")).expect("a log").map(|line| line.expect("an event").event);
    events.filter_map(|event| if let Event::Step { step, .. } = event { Some(step) } else { None }).collect()
}

fn assert_same_weights(workspace: &Workspace) {
    let weights = |run: &str| workspace.read(format!("{run}/checkpoints/step-00000016/model.safetensors"));
    assert!(weights("whole") == weights("run"), "other weights");
}

/// Resumes after `harm` to the logs, and checks everything except the logs.
fn after(harm: impl FnOnce(&Workspace)) -> (Workspace, Outcome) {
    let workspace = stopped();
    harm(&workspace);
    let outcome = resume(&workspace);
    assert_same_weights(&workspace);
    workspace.ok(&["eval", "--checkpoint", "run"]);
    (workspace, outcome)
}

#[test]
fn a_missing_or_empty_log_starts_anew() {
    let gone =
        |workspace: &Workspace| std::fs::remove_file(workspace.path("run/events.jsonl")).expect("removed");
    let emptied = |workspace: &Workspace| drop(workspace.file("run/events.jsonl", ""));
    let replaced = |workspace: &Workspace| drop(workspace.file("run/events.jsonl", "x\n".repeat(100_000)));
    let rotated = |workspace: &Workspace| {
        std::fs::rename(workspace.path("run/events.jsonl"), workspace.path("run/events.jsonl.1"))
            .expect("renamed");
    };
    for harm in [&gone as &dyn Fn(&Workspace), &emptied, &replaced, &rotated] {
        let (workspace, outcome) = after(harm);
        assert!(outcome.messages().contains("starting a new log"), "{}", outcome.stderr);
        assert_eq!(told(&workspace), (11..=16).collect::<Vec<_>>());
        assert!(text(&workspace, "run/events.jsonl").contains("\"event\":\"start\""));
        assert_eq!(table(&workspace, "whole"), table(&workspace, "run"));
    }
}

#[test]
fn a_truncated_log_continues_after_its_remaining_lines() {
    let whole = stopped().read("run/events.jsonl");
    for share in [1, 3, 5, 7] {
        let (workspace, outcome) = after(|workspace| {
            let log = workspace.read("run/events.jsonl");
            workspace.file("run/events.jsonl", &log[..log.len() * share / 10]);
        });
        assert!(outcome.messages().contains("the log continues after the"), "{}", outcome.stderr);
        let told = told(&workspace);
        assert!(told.is_sorted_by(|a, b| a < b) && told.ends_with(&[11, 12, 13, 14, 15, 16]), "{told:?}");
        assert!(told.len() < 16 && whole.len() > 100, "{told:?}");
        assert_eq!(table(&workspace, "whole"), table(&workspace, "run"));
    }
}

#[test]
fn a_lost_table_is_rebuilt() {
    let gone =
        |workspace: &Workspace| std::fs::remove_file(workspace.path("run/metrics.csv")).expect("removed");
    let cut = |workspace: &Workspace| {
        let table = workspace.read("run/metrics.csv");
        workspace.file("run/metrics.csv", &table[..table.len() - 20]);
    };
    let edited = |workspace: &Workspace| {
        let table =
            text(workspace, "run/metrics.csv").replace(',', ";") + "a note, longer than what was known\n";
        workspace.file("run/metrics.csv", table.repeat(3));
    };
    let first_rows_gone = |workspace: &Workspace| {
        let table = text(workspace, "run/metrics.csv");
        workspace.file("run/metrics.csv", table.lines().last().expect("a row"));
    };
    for harm in [&gone as &dyn Fn(&Workspace), &cut, &edited, &first_rows_gone] {
        let (workspace, outcome) = after(harm);
        assert!(outcome.messages().contains("2 of 2 epochs were recovered"), "{}", outcome.stderr);
        assert_eq!(table(&workspace, "whole"), table(&workspace, "run"));
        assert_eq!(told(&workspace), (1..=16).collect::<Vec<_>>());
    }
}

#[test]
fn a_run_resumes_without_logs_and_half_of_each_log_loses_no_known_epoch() {
    let (workspace, outcome) = after(|workspace| {
        for file in ["run/events.jsonl", "run/metrics.csv"] {
            std::fs::remove_file(workspace.path(file)).expect("removed");
        }
    });
    assert!(outcome.messages().contains("0 of 2 epochs were recovered"), "{}", outcome.stderr);
    let rows: Vec<String> = table(&workspace, "run");
    assert_eq!(rows.iter().map(|row| &row[..2]).collect::<Vec<_>>(), ["ep", "3,", "4,"]);
    // The log ends before the first epoch does, and the table within the second row.
    let (workspace, _) = after(|workspace| {
        let log = text(workspace, "run/events.jsonl");
        let end = log.find("\"event\":\"epoch\"").expect("an epoch");
        workspace.file("run/events.jsonl", &log[..end]);
        let table = text(workspace, "run/metrics.csv");
        workspace.file("run/metrics.csv", &table[..table.len() - 2]);
    });
    assert_eq!(
        table(&workspace, "run").iter().map(|row| &row[..2]).collect::<Vec<_>>(),
        ["ep", "1,", "3,", "4,"]
    );
}

#[test]
fn an_interrupted_repair_ends_with_the_same_logs() {
    let repaired = |stops: &[u64]| {
        let workspace = stopped();
        let log = workspace.read("run/events.jsonl");
        workspace.file("run/events.jsonl", &log[..log.len() / 2]);
        std::fs::remove_file(workspace.path("run/metrics.csv")).expect("removed");
        for stop in stops {
            // As left by a process that was killed before its first checkpoint: only the logs have grown.
            let latest = workspace.path("run/checkpoints");
            let copy = workspace.path("copy");
            copy_all(&latest, &copy);
            workspace.ok(&["train", "--resume", "run", "--set", &format!("train.max_steps={stop}")]);
            std::fs::remove_dir_all(&latest).expect("removed");
            std::fs::rename(&copy, &latest).expect("put back");
        }
        resume(&workspace);
        assert_same_weights(&workspace);
        assert!(told(&workspace).is_sorted_by(|a, b| a < b), "{:?}", told(&workspace));
        (told(&workspace), table(&workspace, "run"))
    };
    let never = repaired(&[]);
    for stops in [&[11][..], &[12, 13], &[16, 11, 15]] {
        assert_eq!(repaired(stops), never, "{stops:?}");
    }
}

fn copy_all(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_all(&from, &to);
        } else {
            std::fs::copy(from, to).expect("a copy");
        }
    }
}

#[test]
fn an_intact_log_causes_no_warning() {
    let workspace = stopped();
    let outcome = resume(&workspace);
    assert!(!outcome.stderr.contains("lost"), "{}", outcome.stderr);
    assert_eq!(told(&workspace), (1..=16).collect::<Vec<_>>());
    assert_eq!(table(&workspace, "whole"), table(&workspace, "run"));
}
