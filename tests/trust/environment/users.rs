//! Tests that need an unprivileged user: read-only folders, limits on processes. If the tests run as root,
//! the program runs as `nobody`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::{CONFIG, judge, shell};
use crate::workspace::{Outcome, Workspace};

/// The command prefix for running as an unprivileged user.
fn somebody() -> Option<&'static str> {
    let id = Command::new("id").arg("-u").output().expect("id");
    if id.stdout != b"0\n" {
        return Some("");
    }
    let prefix = "setpriv --reuid=65534 --regid=65534 --clear-groups";
    let works = Command::new("sh").arg("-c").arg(format!("{prefix} true")).status();
    works.is_ok_and(|status| status.success()).then_some(prefix)
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions");
}

/// A world-writable folder that contains a copy of the program, because `nobody` may not have access to the
/// original.
fn open_workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.file("x.toml", CONFIG);
    chmod(&workspace.path(""), 0o777);
    fs::copy(workspace.command::<&str>(&[]).get_program(), workspace.path("taper")).expect("the program");
    workspace
}

fn run(workspace: &Workspace, prefix: &str, before: &str, arguments: &str) -> Outcome {
    let script = format!("exec {prefix} sh -c '{before} exec ./taper -q {arguments}'");
    shell(workspace, &script, &[])
}

const TRAIN: &str = "train --config x.toml --run-dir run";

#[test]
fn read_only_folders_are_reported_in_one_line() {
    let Some(prefix) = somebody() else {
        eprintln!("skipped: run by root, and setpriv cannot become nobody");
        return;
    };
    let workspace = open_workspace();
    let made = |path: &str| fs::create_dir_all(workspace.path(path)).expect("a folder");

    made("run");
    chmod(&workspace.path("run"), 0o555);
    judge("a read-only run folder", &workspace, Path::new("run"), &run(&workspace, prefix, "", TRAIN), &[1]);
    chmod(&workspace.path("run"), 0o000);
    judge(
        "a run folder without rights",
        &workspace,
        Path::new("run"),
        &run(&workspace, prefix, "", TRAIN),
        &[1],
    );
    fs::remove_dir(workspace.path("run")).expect("an empty folder");

    chmod(&workspace.path(""), 0o755);
    let home = run(&workspace, prefix, "", "train --config x.toml");
    judge("a read-only working folder", &workspace, Path::new("run"), &home, &[1]);
    chmod(&workspace.path("x.toml"), 0o000);
    let secret = run(&workspace, prefix, "", TRAIN);
    judge("a config without rights", &workspace, Path::new("run"), &secret, &[2]);
    chmod(&workspace.path("x.toml"), 0o444);
    chmod(&workspace.path(""), 0o777);

    let trained = run(&workspace, prefix, "", TRAIN);
    judge("a read-only config", &workspace, Path::new("run"), &trained, &[0]);
    for path in ["run/checkpoints", "run"] {
        chmod(&workspace.path(path), 0o555);
        let resumed = run(&workspace, prefix, "", "train --resume run --set train.epochs=4");
        assert_eq!(resumed.code, 1, "{path}: {}", resumed.stderr);
        assert_eq!(resumed.stderr.lines().count(), 1, "{path}: {}", resumed.stderr);
        let evaluated = run(&workspace, prefix, "", "eval --checkpoint run");
        assert_eq!((evaluated.code, evaluated.stderr.as_str()), (0, ""), "{path}");
    }
    chmod(&workspace.path("run"), 0o755);
    chmod(&workspace.path("run/checkpoints"), 0o755);
}

#[test]
fn few_processes_suffice_or_are_reported_in_one_line() {
    let Some(prefix) = somebody() else {
        eprintln!("skipped: run by root, and setpriv cannot become nobody");
        return;
    };
    for processes in [1, 2, 3, 200] {
        let workspace = open_workspace();
        let outcome = run(&workspace, prefix, &format!("ulimit -u {processes};"), TRAIN);
        let codes: &[i32] = if processes == 200 { &[0] } else { &[0, 1, 2] };
        judge(&format!("{processes} processes"), &workspace, Path::new("run"), &outcome, codes);
    }
}
