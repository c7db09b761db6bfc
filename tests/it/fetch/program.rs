//! The same as a user of the program meets it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::server::{Answer, NOBODY, Request, Server};
use super::{LOCK, files};
use crate::workspace::{Outcome, Workspace};

type Behavior = Box<dyn Fn(&Request) -> Answer + Send + Sync>;

const TRAIN_IMAGES: &str = "train-images-idx3-ubyte.gz";

/// `taper data fetch mnist` with this mirror. All other addresses lead to a proxy that is not there.
fn fetch(workspace: &Workspace, mirror: &str) -> Command {
    let mut command = workspace.command(&["data", "fetch", "mnist", "--data-dir", "data"]);
    online(&mut command, mirror);
    command
}

fn online(command: &mut Command, mirror: &str) {
    for name in ["ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.env_remove("TAPER_OFFLINE").env("TAPER_MIRROR", mirror).env("HTTPS_PROXY", NOBODY);
}

fn run(mut command: Command) -> Outcome {
    Outcome::of(command.output().expect("the program starts"))
}

/// The four files of the real MNIST, or a visible skip.
fn mnist() -> Option<PathBuf> {
    let folder = std::env::var_os("TAPER_DATA_DIR").map(|folder| PathBuf::from(folder).join("mnist"));
    let folder = folder.filter(|folder| folder.join(TRAIN_IMAGES).is_file());
    if folder.is_none() {
        assert!(std::env::var_os("TAPER_REQUIRE_MNIST").is_none(), "TAPER_DATA_DIR holds no mnist folder");
        eprintln!("SKIPPED: set TAPER_DATA_DIR to a folder that holds mnist/ with gzipped files");
    }
    folder
}

/// What a mirror of the files in `folder` answers.
fn served(folder: &Path, request: &Request) -> Answer {
    let name = request.path.strip_prefix("/mnist/").unwrap_or("none");
    match std::fs::read(folder.join(name)) {
        Ok(content) => Answer::file(&content, request),
        Err(_) => Answer::status("404 Not Found"),
    }
}

/// The lines of an error, without the port of 127.0.0.1.
fn lines(outcome: &Outcome) -> Vec<String> {
    let messages = outcome.messages();
    let mut text = String::new();
    let mut rest = messages.as_str();
    while let Some((before, after)) = rest.split_once("127.0.0.1:") {
        let _ = write!(text, "{before}mirror");
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    text.push_str(rest);
    text.lines().map(str::to_owned).collect()
}

const REST: &str =
    "storage.googleapis.com (connection refused), ossci-datasets.s3.amazonaws.com (connection refused)";
const TO_DO: &str = "  to do: check the network (HTTPS_PROXY sets a proxy, TAPER_MIRROR another mirror), or put the files \
                     into data/mnist by hand";

/// Expects the three lines of an error after this mirror failed in this way.
fn assert_told(outcome: &Outcome, reason: &str) {
    assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""), "{}", outcome.stderr);
    let tried = format!("  tried: mirror ({reason}), {REST}");
    let first = format!("error: mnist: {TRAIN_IMAGES} cannot be fetched");
    assert_eq!(lines(outcome), [first.as_str(), &tried, TO_DO]);
}

#[test]
fn an_error_is_three_lines_with_every_address_and_what_to_do() {
    let bytes = vec![1; 9_912_422];
    let cases: [(&str, Behavior, Option<u64>); 4] = [
        ("404 Not Found", Box::new(|_| Answer::status("404 Not Found")), None),
        ("redirects more than 5 times", Box::new(|request| Answer::redirect(&request.path)), None),
        ("its SHA-256 differs", Box::new(move |_| Answer::whole(&bytes)), None),
        (
            "connection lost after 1000 of 9912422 bytes",
            Box::new(|_| Answer::whole(&vec![1; 9_912_422]).truncated(1000)),
            Some(1000),
        ),
    ];
    for (reason, answer, part) in cases {
        let (workspace, server) = (Workspace::new(), Server::new(answer));
        assert_told(&run(fetch(&workspace, &server.address)), reason);
        let expected = part.map(|length| (format!("{TRAIN_IMAGES}.part"), length));
        assert_eq!(files(&workspace.path("data/mnist")), expected.into_iter().collect());
    }
    assert_told(&run(fetch(&Workspace::new(), NOBODY)), "connection refused");
}

#[test]
fn json_logs_have_the_error_in_one_message() {
    let workspace = Workspace::new();
    let mut command = fetch(&workspace, NOBODY);
    command.args(["--log-format", "json"]);
    let outcome = run(command);
    let last = outcome.stderr.lines().last().expect("a line");
    let last: serde_json::Value = serde_json::from_str(last).expect("JSON");
    let message = last["message"].as_str().expect("a message");
    assert!(message.starts_with("mnist: train-images-idx3-ubyte.gz cannot be fetched; tried: "), "{message}");
    assert_eq!(last["exit_code"], 3);
}

#[test]
fn nothing_is_asked_offline() {
    let (workspace, server) = (Workspace::new(), Server::new(|_| Answer::status("404 Not Found")));
    for offline in [true, false] {
        let mut command = workspace.command(&["train", "mnist_cnn"]);
        online(&mut command, &server.address);
        if offline {
            command.arg("--offline")
        } else {
            command.env("TAPER_OFFLINE", "1")
        };
        let outcome = run(command);
        assert_eq!(outcome.code, 3);
        let lines = lines(&outcome);
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[0].starts_with("error: mnist: not found: train-images-idx3-ubyte, "), "{}", lines[0]);
        assert_eq!(lines[1], "  searched: data/mnist, data, data/MNIST/raw, 4 other folders");
        assert_eq!(
            lines[2],
            "  to do: run `taper data fetch mnist`, or download https://storage.googleapis.com/cvdf-datasets/mnist/\
             train-images-idx3-ubyte.gz and the others there and give the folder with --data-dir or TAPER_DATA_DIR"
        );
    }
    let outcome = workspace.run(&["data", "fetch", "mnist"]);
    assert_eq!(outcome.code, 2);
    assert_eq!(
        outcome.messages(),
        "error: mnist: cannot download with --offline or TAPER_OFFLINE; remove it"
    );
    assert!(server.requests().is_empty() && !workspace.path("data").exists());
}

#[test]
fn a_wrong_address_in_the_environment_is_named() {
    let workspace = Workspace::new();
    let outcome = run(fetch(&workspace, "my mirror"));
    assert_eq!(outcome.code, 2);
    let expected = "error: TAPER_MIRROR is \"my mirror\"; expected an address such as https://host/folder";
    assert_eq!(outcome.messages(), expected);
    let mut command = fetch(&workspace, NOBODY);
    command.env("HTTPS_PROXY", "http://me:secret@");
    let text = run(command).stderr;
    assert!(text.contains("HTTPS_PROXY is not the address of a proxy") && !text.contains("secret"), "{text}");
}

#[test]
fn a_proxy_is_asked_unless_no_proxy_lists_the_host() {
    let server = Server::new(|_| Answer::status("404 Not Found"));
    let proxy = Server::proxy(&server.address);
    let host = server.address.trim_start_matches("http://");
    for (no_proxy, asked) in [("", 1), ("localhost, 127.0.0.1", 0)] {
        let workspace = Workspace::new();
        let mut command = fetch(&workspace, &server.address);
        let before = proxy.requests().len();
        command.env("HTTP_PROXY", &proxy.address).env("NO_PROXY", no_proxy);
        assert_told(&run(command), "404 Not Found");
        let requests = proxy.requests();
        assert_eq!(requests.len() - before, asked);
        assert!(requests.iter().all(|request| request.method == "CONNECT" && request.path == host));
    }
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_killed_fetch_is_continued() {
    let server = Server::new(|request| match request.number {
        0 => Answer::whole(&vec![1; 9_912_422]).stalled(200_000),
        _ => Answer::status("404 Not Found"),
    });
    let workspace = Workspace::new();
    let mut command = fetch(&workspace, &server.address);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    let part = workspace.path(format!("data/mnist/{TRAIN_IMAGES}.part"));
    let (start, length) = (Instant::now(), || std::fs::metadata(&part).map_or(0, |facts| facts.len()));
    while length() < 200_000 {
        assert!(start.elapsed() < Duration::from_mins(1), "{} bytes arrived", length());
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("a signal");
    child.wait().expect("an end");
    assert_eq!(files(&workspace.path("data/mnist")).len(), 1);
    assert_told(&run(fetch(&workspace, &server.address)), "404 Not Found");
    assert_eq!(server.requests()[1].from, Some(200_000));
    assert_eq!(length(), 200_000);
}

#[test]
fn the_real_mnist_is_fetched_once_by_two_processes_and_trained_on() {
    let Some(folder) = mnist() else { return };
    let server = Server::new(move |request| {
        let answer = served(&folder, request);
        // The first transfer breaks off.
        if request.number == 0 { answer.truncated(1_000_000) } else { answer }
    });
    let workspace = Workspace::new();
    let spawn = || {
        let mut command = fetch(&workspace, &server.address);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
    };
    let children = [spawn(), spawn()];
    for child in children {
        let outcome = Outcome::of(child.wait_with_output().expect("an end"));
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert_eq!(outcome.stdout, "mnist: 60000 training samples, data/mnist\n");
    }
    assert_eq!(server.requests().len(), 5);
    assert_eq!(files(&workspace.path("data/mnist")).len(), 4);
    assert!(workspace.path("data/mnist").join(LOCK).exists());
    let trained = workspace.run(&["train", "mnist_mlp_64", "--set", "train.max_steps=2", "--run-dir", "run"]);
    assert_eq!(trained.code, 0, "{}", trained.stderr);
}

#[test]
fn a_disk_that_is_full_is_told_and_the_part_kept() {
    let server = Server::new(|_| Answer::whole(&vec![1; 9_912_422]));
    let workspace = Workspace::new();
    let fetch = fetch(&workspace, &server.address);
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -f 64; exec \"$0\" \"$@\""]).arg(fetch.get_program()).args(fetch.get_args());
    command.current_dir(workspace.path(""));
    for (name, value) in fetch.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let outcome = run(command);
    let part = format!("data/mnist/{TRAIN_IMAGES}.part");
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert!(
        outcome.messages().starts_with(&format!("error: {part}: cannot write it: ")),
        "{}",
        outcome.messages()
    );
    assert!(files(&workspace.path("data/mnist")).keys().eq([&format!("{TRAIN_IMAGES}.part")]));
}
