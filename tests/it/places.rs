//! A run finds its data again: with the commands that it prints, with its own config, and after its project
//! was moved or copied.

use std::ffi::OsStr;

use crate::workspace::{Outcome, Workspace};

const REST: &str =
    "[model]\nlayers = [{ dense = { units = 1 } }]\n[loss.mse]\n[optimizer.adam]\n[train]\nepochs = 2\n";

fn rows(slope: usize) -> String {
    let rows: Vec<String> = (0..20).map(|x| format!("{x},{}", x * slope)).collect();
    format!("x,y\n{}\n", rows.join("\n"))
}

fn config(path: &str) -> String {
    format!("name = \"p\"\n[data.csv]\npath = \"{path}\"\ntarget = \"y\"\ntask = \"regression\"\n{REST}")
}

/// Runs a printed command in a shell.
fn paste(workspace: &Workspace, folder: &str, command: &str) -> Outcome {
    let program = workspace.command::<&str>(&[]).get_program().to_owned();
    let script = format!("taper() {{ \"$PROGRAM\" \"$@\"; }}; {command}");
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", &script]).current_dir(workspace.path(folder)).env("PROGRAM", program);
    shell.env("TAPER_OFFLINE", "1").env_remove("TAPER_DATA_DIR");
    Outcome::of(shell.output().expect("a shell"))
}

/// The command after `mark` in the output of a run.
fn printed(outcome: &Outcome, mark: &str) -> String {
    let line = outcome.stdout.lines().find_map(|line| Some(line.split_once(mark)?.1.to_owned()));
    line.unwrap_or_else(|| panic!("no `{mark}` in {}", outcome.stdout))
}

#[test]
fn printed_commands_find_the_data_folder_again() {
    for (given, run) in [("D", "runs/a"), ("my data/é", "my run é"), ("../D", "it's \"$x\""), ("D/", "-a")]
    {
        let workspace = Workspace::new();
        workspace.file(&format!("w/{given}/a.csv"), rows(2));
        workspace.file("w/conf/c.toml", config("a.csv"));
        let arguments =
            ["train", "--config", "conf/c.toml", "--data-dir", given, "--set", "train.max_steps=1"];
        let mut command = workspace.command(&arguments);
        command.arg(format!("--run-dir={run}")).current_dir(workspace.path("w"));
        let outcome = Outcome::of(command.output().expect("it starts"));
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let next = paste(&workspace, "w", &printed(&outcome, "next   "));
        assert_eq!(next.code, 0, "{run}: {}", next.stderr);
        let resume = printed(&outcome, "resume with: ").replace("=N", "=2");
        let resumed = paste(&workspace, "w", &resume);
        assert_eq!(resumed.code, 0, "{run}: {}", resumed.stderr);
        // Also from another folder, and again after resuming.
        let eval = workspace.run(&[
            OsStr::new("eval"),
            OsStr::new("--checkpoint"),
            workspace.path("w").join(run).as_ref(),
        ]);
        assert_eq!(eval.code, 0, "{run}: {}", eval.stderr);
        assert!(!eval.stderr.contains("moved"), "{}", eval.stderr);
    }
}

#[test]
fn the_data_folder_of_the_environment_is_found_again_and_a_flag_takes_precedence() {
    let workspace = Workspace::new();
    workspace.file("D/a.csv", rows(2));
    workspace.file("data/a.csv", rows(3));
    workspace.file("conf/c.toml", config("a.csv"));
    let mut command = workspace.command(&["train", "--config", "conf/c.toml", "--run-dir", "r"]);
    assert!(command.env("TAPER_DATA_DIR", "D").output().expect("it starts").status.success());
    let eval = |more: &[&str]| workspace.ok(&[&["eval", "--checkpoint", "r"][..], more].concat());
    assert!(!eval(&[]).stderr.contains("not the samples"), "the run's own data");
    workspace.file("other/a.csv", rows(4));
    assert!(eval(&["--data-dir", "other"]).stderr.contains("not the samples"));
}

#[test]
fn the_config_of_a_run_finds_its_data() {
    let workspace = Workspace::new();
    workspace.file("experiment/train.csv", rows(2));
    workspace.file("experiment/c.toml", config("train.csv"));
    workspace.ok(&["train", "--config", "experiment/c.toml", "--run-dir", "runs/first"]);
    workspace.ok(&["train", "--config", "runs/first/config.toml", "--run-dir", "runs/again"]);
    workspace.ok(&["check", "--config", "runs/first/config.toml"]);
    let weights =
        |run: &str| workspace.read(format!("runs/{run}/checkpoints/step-00000002/model.safetensors"));
    assert!(weights("first") == weights("again"));
    // A run older than origin.json finds it through its checkpoints.
    std::fs::remove_file(workspace.path("runs/first/origin.json")).expect("removed");
    workspace.ok(&["train", "--config", "runs/first/config.toml", "--run-dir", "runs/third"]);
    // After the whole project has moved, the data is found in the new place.
    std::fs::create_dir(workspace.path("moved")).expect("a folder");
    for folder in ["experiment", "runs"] {
        std::fs::rename(workspace.path(folder), workspace.path("moved").join(folder)).expect("moved");
    }
    for arguments in [
        &["eval", "--checkpoint", "moved/runs/again", "--split", "train"][..],
        &["train", "--resume", "moved/runs/again", "--set", "train.epochs=3"],
        &["train", "--config", "moved/runs/again/config.toml", "--run-dir", "new"],
    ] {
        let outcome = workspace.ok(arguments);
        assert!(!outcome.stderr.contains("moved or copied"), "{}", outcome.stderr);
    }
}

#[test]
fn a_copied_project_reads_its_own_files_or_warns() {
    let workspace = Workspace::new();
    workspace.file("one/experiment/train.csv", rows(2));
    workspace.file("one/experiment/c.toml", config("train.csv"));
    workspace.ok(&["train", "--config", "one/experiment/c.toml", "--run-dir", "one/runs/a"]);
    let copied =
        std::process::Command::new("cp").args(["-r", "one", "two"]).current_dir(workspace.path("")).status();
    assert!(copied.expect("cp runs").success());
    workspace.file("two/experiment/train.csv", rows(7));
    let eval = |run: &str| workspace.run(&["eval", "--checkpoint", run, "--split", "train"]);
    assert!(eval("two/runs/a").stderr.contains("not the samples of the run"), "the copy's own file is read");
    assert!(!eval("one/runs/a").stderr.contains("not the samples"));
    // Without its own, the other project's file is read, and both are named.
    std::fs::remove_dir_all(workspace.path("two/experiment")).expect("removed");
    let outcome = eval("two/runs/a");
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let places = "moved or copied from one/runs/a to two/runs/a: searching for its files in one/experiment, \
        because two/experiment does not exist";
    assert!(outcome.messages().contains(places), "{}", outcome.stderr);
    assert_eq!(outcome.messages().lines().count(), 1, "{}", outcome.stderr);
    // If there is none at all, the remedy is named.
    std::fs::remove_dir_all(workspace.path("one")).expect("removed");
    for command in [
        &["eval", "--checkpoint", "two/runs/a"][..],
        &["train", "--resume", "two/runs/a", "--set", "train.epochs=3"],
    ] {
        let outcome = workspace.run(command);
        assert_eq!(outcome.code, 3, "{}", outcome.stderr);
        assert!(outcome.messages().contains("two/experiment/train.csv"), "{}", outcome.stderr);
        assert!(outcome.messages().contains("give its folder with --data-dir"), "{}", outcome.stderr);
    }
    workspace.file("D/train.csv", rows(2));
    workspace.ok(&["eval", "--checkpoint", "two/runs/a", "--data-dir", "D"]);
}

#[test]
fn a_damaged_origin_file_is_ignored() {
    let workspace = Workspace::new();
    workspace.file("experiment/train.csv", rows(2));
    workspace.file("experiment/c.toml", config("train.csv"));
    workspace.ok(&["train", "--config", "experiment/c.toml", "--run-dir", "r"]);
    let text = String::from_utf8(workspace.read("r/origin.json")).expect("text");
    for note in ["", "{}", "[]", "\0", &text[..text.len() / 2], "{\"run_folder\":1}"] {
        workspace.file("r/origin.json", note);
        workspace.ok(&["eval", "--checkpoint", "r"]);
    }
    workspace.ok(&["train", "--resume", "r", "--set", "train.epochs=3"]);
    assert_eq!(String::from_utf8(workspace.read("r/origin.json")).expect("text"), text);
}
