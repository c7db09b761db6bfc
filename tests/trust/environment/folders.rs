//! Run folders that are links, elsewhere, or files, and that disappear during training.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use taper::internals::checkpoint::Store;

use super::{CONFIG, TRAIN, check, judge, shell};
use crate::workspace::{Outcome, Workspace};

/// Trains in `run` after `prepare` has set up that place.
fn with(name: &str, codes: &[i32], prepare: impl Fn(&Workspace)) {
    let workspace = Workspace::new();
    workspace.file("x.toml", CONFIG);
    prepare(&workspace);
    let outcome = shell(&workspace, TRAIN, &[]);
    judge(name, &workspace, Path::new("run"), &outcome, codes);
}

#[test]
fn links_and_files_in_place_of_a_run_folder() {
    let link = |workspace: &Workspace, to: &str| symlink(to, workspace.path("run")).expect("a link");
    with("a link to a folder", &[0], |workspace| {
        fs::create_dir(workspace.path("real")).expect("a folder");
        link(workspace, "real");
    });
    with("a dangling link", &[1], |workspace| link(workspace, "nothing"));
    with("a link to itself", &[1], |workspace| link(workspace, "run"));
    with("a file", &[1], |workspace| drop(workspace.file("run", "x")));
    with("a folder with a thesis", &[2], |workspace| drop(workspace.file("run/thesis.tex", "x")));
    with("a device", &[1], |workspace| link(workspace, "/dev/null"));
    with("a lock that is a folder", &[1], |workspace| {
        fs::create_dir_all(workspace.path("run/.lock")).expect("a folder");
    });
    check("below a file", TRAIN, &[("RUN", "x.toml/run".into())], &[1]);
}

#[test]
fn another_file_system_and_no_folder_for_temporary_files() {
    let memory = Path::new("/dev/shm");
    if !memory.is_dir() {
        eprintln!("skipped: no /dev/shm");
        return;
    }
    let folder = tempfile::tempdir_in(memory).expect("a folder");
    let run = folder.path().join("run");
    let environment = [("RUN", run.clone().into()), ("TMPDIR", "/none".into())];
    check("another file system", TRAIN, &environment, &[0]);
    with("a link to another file system", &[0], |workspace| {
        let real = folder.path().join("real");
        fs::create_dir(&real).expect("a folder");
        symlink(real, workspace.path("run")).expect("a link");
    });
}

/// Starts a long run, waits for its second checkpoint, applies `disturb`, and returns the result.
fn disturbed(name: &str, workspace: &Workspace, disturb: impl Fn(&Path)) -> Outcome {
    let long = CONFIG.replace("epochs = 3", "epochs = 1000000");
    workspace.file("long.toml", long);
    let mut command = workspace.command(&["-q", "train", "--config", "long.toml", "--run-dir", "run"]);
    let piped = std::process::Stdio::piped;
    let mut child = command.stdout(piped()).stderr(piped()).spawn().expect("the program starts");
    let (run, start) = (workspace.path("run"), Instant::now());
    while Store::new(&run).steps().unwrap_or_default().len() < 2 {
        assert!(start.elapsed() < Duration::from_secs(30), "{name}: no checkpoints");
        std::thread::sleep(Duration::from_millis(2));
    }
    disturb(&run);
    while child.try_wait().expect("a child").is_none() {
        if start.elapsed() > Duration::from_secs(40) {
            child.kill().expect("a child");
            panic!("{name}: did not stop");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let outcome = Outcome::of(child.wait_with_output().expect("its output"));
    // 4 if the checkpoint folder turns out to be something else.
    assert!([1, 4].contains(&outcome.code), "{name}: exit {}: {}", outcome.code, outcome.stderr);
    assert!(
        outcome.stderr.starts_with("error: ") && outcome.stderr.lines().count() == 1,
        "{}",
        outcome.stderr
    );
    outcome
}

#[test]
fn a_run_whose_folder_disappears_ends_with_one_line() {
    let workspace = Workspace::new();
    let outcome = disturbed("removed", &workspace, |run| {
        // The run may create a file while the folder is being emptied.
        while run.exists() {
            let _ = fs::remove_dir_all(run);
        }
    });
    // While the folder is being emptied, it still exists, and the file that cannot be written is named.
    let named = ["run: the run folder was moved or deleted", "run/checkpoints"];
    assert!(named.iter().any(|text| outcome.stderr.contains(text)), "{}", outcome.stderr);

    let workspace = Workspace::new();
    let elsewhere = workspace.path("elsewhere");
    disturbed("renamed", &workspace, |run| fs::rename(run, &elsewhere).expect("a new name"));
    assert!(!workspace.path("run").exists(), "the run created its folder again");
    workspace.ok(&["eval", "--checkpoint", "elsewhere"]);
    workspace.ok(&["train", "--resume", "elsewhere", "--set", "train.max_steps=1"]);

    let workspace = Workspace::new();
    disturbed("its checkpoints became a file", &workspace, |run| {
        let checkpoints = run.join("checkpoints");
        fs::rename(&checkpoints, run.join("moved")).expect("a new name");
        // The run may be faster and create the folder again.
        while fs::write(&checkpoints, "x").is_err() {
            let _ = fs::remove_dir_all(&checkpoints);
        }
    });
}
