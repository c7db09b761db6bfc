//! Pipes, devices, sockets and links in place of every file that the program reads.

use serde_json::json;

use super::arrays::{npy, npz};
use super::cifar10::cifar10;
use super::config;
use super::idx::{FILES, mnist};
use crate::child::watch;
use crate::special::{KINDS, place};
use crate::tier::report;
use crate::workspace::Workspace;

const DENSE: &str = "{ flatten = {} }, { dense = { units = 10 } }";

/// Runs `command` with each kind of object at `path`; it must exit with `code` and name the file.
fn each_kind(workspace: &Workspace, path: &str, code: i32, command: &[&str]) -> usize {
    for kind in KINDS {
        place(kind, &workspace.path(path));
        let line = watch(workspace, command).refused(&format!("{kind} at {path}"), code, 0);
        let name = path.rsplit('/').next().expect("a name");
        let folder = path.rsplit('/').nth(1).unwrap_or(name);
        assert!(line.contains(name) || line.contains(folder), "{kind} at {path}: {line}");
    }
    KINDS.len()
}

#[test]
fn only_regular_files_are_read_as_configs_and_checkpoints() {
    let workspace = Workspace::new();
    workspace.ok(&["train", "--run-dir", "run", "--set", "train.max_steps=1"]);
    workspace.file("baseline.json", "{}");
    let mut runs = 0;
    for command in [
        &["train", "--config", "c.toml"][..],
        &["check", "--config", "c.toml"],
        &["bench", "--config", "c.toml"],
        &["train", "--resume", "auto", "--config", "c.toml"],
    ] {
        runs += each_kind(&workspace, "c.toml", 2, command);
    }
    runs += each_kind(&workspace, "baseline.json", 2, &["bench", "--baseline", "baseline.json"]);
    for command in [
        &["eval", "--checkpoint", "w.safetensors"][..],
        &["predict", "--checkpoint", "w.safetensors", "--input", "x.npy"],
        &["train", "--resume", "w.safetensors"],
    ] {
        runs += each_kind(&workspace, "w.safetensors", 4, command);
    }
    report("no files as configs and checkpoints", &json!({ "runs": runs, "refused": runs }));
}

#[test]
fn only_regular_files_are_read_as_data() {
    let dense = |data: &str| config(data, DENSE, "cross_entropy");
    let train = ["train", "--config", "config.toml", "--run-dir", "run", "--data-dir", "."];
    let mut runs = 0;
    let workspace = mnist();
    workspace.file("config.toml", dense("data.mnist = {}"));
    // A dangling link is a missing file, and the message is about the folders searched.
    runs += each_kind(&workspace, &format!("mnist/{}", FILES[0]), 3, &train);
    let workspace = mnist();
    workspace.file("config.toml", dense("data.mnist = {}"));
    runs += each_kind(&workspace, &format!("mnist/{}", FILES[3]), 3, &train);
    let workspace = cifar10();
    workspace.file("config.toml", dense("data.cifar10 = {}"));
    runs += each_kind(&workspace, "cifar10/data_batch_3.bin", 3, &train);
    for (data, path) in [
        ("csv = { path = 'x', target = 'y' }", "x"),
        ("npz = { path = 'x' }", "x"),
        ("image_folder = { path = 'x', height = 2, width = 2 }", "x"),
        ("image_folder = { path = 'images', height = 2, width = 2 }", "images/cat/1.png"),
    ] {
        let workspace = Workspace::new();
        workspace.file("config.toml", dense(&format!("data.{data}")));
        workspace.file("images/cat/0.txt", "");
        std::fs::remove_file(workspace.path("images/cat/0.txt")).expect("removed");
        runs += each_kind(&workspace, path, 3, &train);
    }
    report("no files as data", &json!({ "runs": runs, "refused": runs }));
}

#[test]
fn only_regular_files_are_read_as_inputs() {
    let workspace = Workspace::new();
    let pixels = npy("|u1", "(2, 2, 2)", &[0, 50, 100, 150, 200, 250, 3, 4]);
    let labels = npy("|u1", "(2,)", &[0, 1]);
    workspace.file("x.npz", npz(&[("x_train.npy", &pixels), ("y_train.npy", &labels)]));
    let layers = "{ flatten = {} }, { dense = { units = 2 } }";
    workspace.file("config.toml", config("data.npz = { path = 'x.npz' }", layers, "cross_entropy"));
    workspace.ok(&["train", "--config", "config.toml", "--run-dir", "run"]);
    let mut runs = 0;
    for input in ["in.png", "in.jpg", "in.npy", "in.csv", "in.json", "in-ubyte", "in.idx.gz"] {
        runs += each_kind(&workspace, input, 3, &["predict", "--checkpoint", "run", "--input", input]);
    }
    report("no files as inputs", &json!({ "runs": runs, "refused": runs }));
}

#[test]
fn only_regular_files_are_written_to_in_a_run_folder() {
    for file in [".lock", "events.jsonl", "metrics.csv"] {
        for kind in ["folder", "pipe", "/dev/full", "/dev/zero", "socket"] {
            let workspace = Workspace::new();
            workspace.ok(&["train", "--run-dir", "run", "--set", "train.epochs=1"]);
            place(kind, &workspace.path("run").join(file));
            let watched = watch(&workspace, &["train", "--resume", "run", "--set", "train.epochs=2"]);
            let messages = watched.outcome.messages();
            let code = watched.outcome.code;
            assert!(code == 1 || code == 4, "{kind} as {file}: {code}: {messages}");
            assert_eq!(messages.lines().count(), 1, "{kind} as {file}: {messages}");
            assert!(messages.contains(file), "{kind} as {file}: {messages}");
        }
    }
}
