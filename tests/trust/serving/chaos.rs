//! What goes wrong around a server, and that each time the outcome is the one in docs/serving.md ("When things go wrong"): clients that
//! are killed and too many files (`clients`), a server that is paused and a clock that is set back (`time`), a log that cannot be
//! written (`log`), and too little memory (`memory`).
//!
//! A port in use is a case of `mistakes_at_the_start_are_explained` in tests/it/serve/life.rs. Certificates that have expired, or are not
//! those of the key, are in tests/it/serve/tls.rs: `certificates_that_cannot_be_used_are_explained_at_the_start`, and
//! `a_new_certificate_is_for_new_connections_and_a_bad_one_for_none` while the server runs.

mod clients;
mod log;
mod memory;
mod time;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::line;
use crate::client::{ARGUMENTS, Client, Served};
use crate::workspace::Workspace;

/// The longest that anything here may take before it counts as a hang.
const LONGEST: Duration = Duration::from_secs(20);

/// A request, and the whole of it as it is sent.
const BODY: &str = "{\"instances\":[[1.5]]}";
const REQUEST: &str =
    "POST /v1/models/m:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 21\r\n\r\n{\"instances\":[[1.5]]}";

/// A folder with the model y = x.
fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.file("m.safetensors", line(&workspace, 1.0, 0.0));
    workspace
}

/// `taper serve` with the model and `settings` on a free port, from a shell that runs `first` before.
fn shell(workspace: &Workspace, first: &str, settings: &[&str]) -> Command {
    shell_of(workspace, first, &[&ARGUMENTS[..], &["m=m.safetensors"], settings].concat())
}

/// `taper` with `arguments`, from a shell that runs `first` before.
fn shell_of(workspace: &Workspace, first: &str, arguments: &[&str]) -> Command {
    let program = workspace.command(arguments);
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{first}\nexec \"$@\"")).arg("sh");
    shell.arg(program.get_program()).args(program.get_args()).current_dir(workspace.path(""));
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    // With it, Rust's library reports too little memory at length.
    shell.env_remove("RUST_BACKTRACE").stderr(Stdio::piped());
    shell
}

/// A connection on which no reply may take longer than [`LONGEST`].
fn connect(server: &Served) -> Client {
    let client = server.client();
    client.stream().set_read_timeout(Some(LONGEST)).expect("a time limit");
    client
}

/// Asks for a prediction, and asserts that it is right.
fn ask(client: &mut Client) {
    let answer = client.post("/v1/models/m:predict", BODY);
    assert_eq!((answer.status, answer.text()), (200, "{\"predictions\":[[1.5]]}"));
}

/// The value of one of the server's metrics without labels.
fn metric(client: &mut Client, name: &str) -> u64 {
    let answer = client.get("/metrics");
    let found = answer.text().lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    found.unwrap_or_else(|| panic!("{name}: {}", answer.text()))
}

/// Waits until `holds`, and returns how long that took.
fn until(what: &str, mut holds: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LONGEST, "not within {LONGEST:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
    start.elapsed()
}

/// Ends the server in good order, and returns what it wrote to stderr, without the warning about a debug build.
fn log_of(server: Served) -> Vec<String> {
    server.signal("TERM");
    let (status, stderr) = server.wait(LONGEST);
    assert_eq!(status.code(), Some(0), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    stderr.lines().filter(|line| !line.contains("this is a debug build")).map(str::to_owned).collect()
}
