//! The environment of a run: folders, names, locales, streams, limits. Each results in correct work with the
//! same bits, or in one line and a documented exit code; never a panic, never a signal.
//!
//! A clock that is set back is not tested here: durations come from a monotonic clock (`Instant`), and the
//! wall clock is only written to `events.jsonl`.

mod folders;
mod users;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use crate::subject::weights;
use crate::workspace::{Outcome, Workspace};

/// A few steps of a small network with dropout and validation.
const CONFIG: &str = r#"
[data.synthetic]
samples = 64
test_samples = 20
features = 8

[split]
validation = 0.25

[model]
layers = [{ dense = { units = 16, activation = "relu" } }, { dropout = { rate = 0.2 } }, { dense = { units = 10 } }]

[loss.cross_entropy]

[optimizer.adam]

[train]
epochs = 3
batch_size = 16
"#;

/// The final weights of every undisturbed run of `CONFIG`.
fn right() -> &'static [u8] {
    static RIGHT: OnceLock<Vec<u8>> = OnceLock::new();
    RIGHT.get_or_init(|| {
        let workspace = Workspace::new();
        workspace.file("x.toml", CONFIG);
        workspace.ok(&["train", "--config", "x.toml", "--run-dir", "run"]);
        weights(&workspace.path("run"))
    })
}

/// Runs `script` in a shell, with `$TAPER` and `$RUN` set.
fn shell(workspace: &Workspace, script: &str, environment: &[(&str, OsString)]) -> Outcome {
    let program = workspace.command::<&str>(&[]).get_program().to_owned();
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).current_dir(workspace.path(""));
    command.env("TAPER", program).env("TAPER_OFFLINE", "1").env("RUN", "run");
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    let output = command.output().expect("a shell");
    Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Checks the result of a run: one of `codes`, with the right bits on success and one line on failure.
fn judge(name: &str, workspace: &Workspace, run: &Path, outcome: &Outcome, codes: &[i32]) {
    let Outcome { code, stderr, .. } = outcome;
    assert!(codes.contains(code), "{name}: exit {code}: {stderr}");
    assert!(!stderr.contains("panicked"), "{name}: {stderr}");
    if *code == 0 {
        assert!(weights(&workspace.path(run)) == right(), "{name}: other weights");
    } else {
        // `--run-dir` may contain a line end, which is printed as it is.
        assert!(stderr.starts_with("error: "), "{name}: {stderr}");
        assert!(stderr.lines().count() == 1, "{name}: {stderr}");
    }
}

const TRAIN: &str = r#"exec "$TAPER" -q train --config x.toml --run-dir="$RUN""#;

/// Trains by `script`, and evaluates the result.
fn check(name: &str, script: &str, environment: &[(&str, OsString)], codes: &[i32]) {
    let workspace = Workspace::new();
    workspace.file("x.toml", CONFIG);
    let outcome = shell(&workspace, script, environment);
    let run =
        environment.iter().find(|(name, _)| *name == "RUN").map_or("run".into(), |(_, run)| run.clone());
    judge(name, &workspace, Path::new(&run), &outcome, codes);
    if outcome.code == 0 {
        let eval = shell(&workspace, r#"exec "$TAPER" -q eval --checkpoint="$RUN""#, environment);
        assert_eq!((eval.code, eval.stderr.as_str()), (0, ""), "{name}");
    }
}

#[test]
fn any_name_of_a_run_folder_works() {
    let deep = "d/".repeat(2100);
    let names: [(&[u8], &[i32]); 11] = [
        (b"with space", &[0]),
        (b"new\nline", &[0]),
        (b"quo'te\"s`$(x)", &[0]),
        (b"-dash", &[0]),
        (b"--force", &[0]),
        (b"\xff\xfe", &[0]),
        ("ünïcödé/🙂".as_bytes(), &[0]),
        (b"auto", &[0]),
        (&[b'a'; 255], &[0]),
        (&[b'a'; 256], &[1]),
        (deep.as_bytes(), &[1]),
    ];
    for (name, codes) in names {
        check(&String::from_utf8_lossy(name), TRAIN, &[("RUN", OsString::from_vec(name.to_vec()))], codes);
    }
}

#[test]
fn locales_and_missing_variables_have_no_effect() {
    for locale in ["C", "POSIX", "de_DE.UTF-8", "tr_TR.UTF-8", "ja_JP.eucJP", "invalid", ""] {
        let environment = [("LC_ALL", locale.into()), ("LANG", locale.into())];
        check(locale, TRAIN, &environment, &[0]);
    }
    for script in [
        "unset LANG LC_ALL HOME TERM PATH USER;",
        "TZ=:bad TERM=;export TZ TERM;",
        "TMPDIR=/none; export TMPDIR;",
    ] {
        check(script, &format!("{script} {TRAIN}"), &[], &[0]);
    }
}

#[test]
fn closed_and_full_streams_do_not_harm_the_run() {
    for (redirection, codes) in [
        ("<&-", [0]),
        (">&-", [0]),
        ("2>&-", [0]),
        ("<&- >&- 2>&-", [0]),
        ("2>/dev/full", [0]),
        ("</dev/full", [0]),
        // The result cannot be printed, which is an error.
        (">/dev/full", [1]),
    ] {
        check(redirection, &format!("{TRAIN} {redirection}"), &[], &codes);
    }
    let workspace = Workspace::new();
    workspace.file("x.toml", CONFIG);
    let script =
        r#"("$TAPER" -q train --config x.toml --run-dir run --format json; echo "$?" > code) | head -1"#;
    let outcome = shell(&workspace, script, &[]);
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("{\n", ""));
    assert_eq!(workspace.read("code"), b"0\n");
}

#[test]
fn system_limits_are_kept_or_reported() {
    for (limit, codes) in [
        ("umask 077", &[0][..]),
        ("umask 000", &[0]),
        ("ulimit -n 32", &[0]),
        ("ulimit -n 9", &[0, 1]),
        ("ulimit -n 4", &[0, 1, 2]),
        ("ulimit -f 0", &[1]),
        ("ulimit -f 1", &[1]),
        ("ulimit -f 10000", &[0]),
        ("ulimit -s 256", &[0]),
        ("ulimit -v 4000000", &[0]),
        ("ulimit -t 60", &[0]),
        ("ulimit -c 0", &[0]),
    ] {
        check(limit, &format!("{limit}; {TRAIN}"), &[], codes);
    }
    check("one core", &TRAIN.replace("exec", "exec taskset -c 0"), &[], &[0]);
    for threads in [1, 3, 64] {
        check("threads", &format!("{TRAIN} --threads {threads}"), &[], &[0]);
    }
}

#[test]
fn a_missing_gpu_is_reported_in_one_line() {
    for device in ["cuda", "cuda:0", "cuda:99"] {
        let workspace = Workspace::new();
        workspace.file("x.toml", CONFIG);
        let outcome = shell(&workspace, &format!("{TRAIN} --device {device}"), &[]);
        // On a machine with a GPU, a build with CUDA support may train.
        if cfg!(feature = "cuda") && outcome.code == 0 {
            continue;
        }
        judge(device, &workspace, Path::new("run"), &outcome, &[2]);
        assert!(outcome.stderr.contains("--device cuda"), "{}", outcome.stderr);
        assert!(!workspace.path("run").exists());
    }
}
