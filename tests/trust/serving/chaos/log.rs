//! A log that cannot be written, and a stdout that is gone.

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{LONGEST, ask, connect, metric, shell, shell_of, until, workspace};
use crate::client::{Client, Served};
use crate::full_disk::SmallDisk;
use crate::tier::{report, times};

const LOST: &str = "taper_access_log_lost_total ";
const ALL: [&str; 2] = ["--set", "serve.access_log=all"];

/// Asks `count` times, and returns the longest time that a reply took.
fn ask_often(client: &mut Client, count: usize) -> Duration {
    let one = |_| {
        let start = Instant::now();
        ask(client);
        start.elapsed()
    };
    (0..count).map(one).max().unwrap_or_default()
}

/// Ends a server whose log is not known, in good order.
fn end(server: Served) {
    server.signal("TERM");
    assert_eq!(server.wait(LONGEST).0.code(), Some(0));
}

#[test]
fn a_full_disk_costs_lines_of_the_log_and_no_reply() {
    let workspace = workspace();
    // Always full, whoever runs this.
    let server = Served::of(&mut shell(&workspace, "exec 2>/dev/full", &ALL));
    let mut client = connect(&server);
    ask_often(&mut client, 100);
    until("each line counts as lost", || metric(&mut client, LOST) >= 100);
    drop(client);
    end(server);

    let disk = workspace.path("disk");
    let Some(disk) = SmallDisk::mount(&disk, 16) else {
        eprintln!("skipped in part: needs leave to mount a disk");
        return;
    };
    let server = Served::of(&mut shell(&workspace, "exec 2>>disk/log", &ALL));
    let (count, mut client) = (times([200, 5_000, 50_000]), connect(&server));
    let slowest = ask_often(&mut client, count);
    until("lines are lost", || metric(&mut client, LOST) > 0);
    until("the last line was tried", || {
        let before = metric(&mut client, LOST);
        std::thread::sleep(Duration::from_millis(50));
        // The request for the metric has a line as well.
        metric(&mut client, LOST) == before + 1
    });
    let lost = metric(&mut client, LOST);
    disk.grow();
    ask_often(&mut client, 50);
    drop(client);
    end(server);
    let log = fs::read_to_string(workspace.path("disk/log")).expect("the log");
    let lines: Vec<&str> = log.lines().filter(|line| line.starts_with('{')).collect();
    let whole = lines.iter().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count();
    assert!(lines.len() - whole <= 1, "{} lines are cut off", lines.len() - whole);
    let last: Value = serde_json::from_str(lines[lines.len() - 1]).expect("the last line is whole");
    assert_eq!((&last["route"], &last["status"]), (&json!("predict"), &json!(200)));
    report(
        "serve_chaos_full_disk",
        &json!({
            "requests": count + 50, "lines_lost": lost, "lines_written": whole, "lines_cut_off": lines.len() - whole,
            "slowest_reply_ms": slowest.as_secs_f64() * 1e3, "wrong": 0, "failed": 0,
        }),
    );
}

#[test]
fn a_log_whose_reader_is_gone_or_asleep_delays_no_reply() {
    let workspace = workspace();
    // Its reader ends at once.
    let server =
        Served::of(&mut shell(&workspace, "mkfifo log; sleep 0.1 <log & exec 2>log; sleep 0.3", &ALL));
    let mut client = connect(&server);
    let gone = ask_often(&mut client, 100);
    until("each line counts as lost", || metric(&mut client, LOST) >= 100);
    drop(client);
    end(server);

    // This test has the other end of the pipe, and does not read. After what the pipe takes, 8,192 lines wait.
    let server = Served::of(&mut shell(&workspace, "", &ALL));
    let mut client = connect(&server);
    let (count, mut asleep) = (9_500, Duration::ZERO);
    let start = Instant::now();
    for _ in 0..count / 500 {
        asleep = asleep.max(ask_often(&mut client, 500));
    }
    let seconds = start.elapsed().as_secs_f64();
    let lost = metric(&mut client, LOST);
    assert!(lost > 0 && asleep < Duration::from_secs(5), "{lost} lines are lost, {asleep:?}");
    ask(&mut connect(&server));
    assert_eq!(connect(&server).get("/healthz").status, 200);
    drop(client);
    end(server);
    report(
        "serve_chaos_log_reader",
        &json!({
            "requests": count + 100, "lines_lost": lost, "seconds": seconds, "wrong": 0, "failed": 0,
            "slowest_reply_ms": { "gone": gone.as_secs_f64() * 1e3, "asleep": asleep.as_secs_f64() * 1e3 },
        }),
    );
}

/// A port that nothing listens on.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Kills the process when it is dropped.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_server_needs_no_reader_of_its_first_line_but_a_place_for_it() {
    let workspace = workspace();
    for (redirection, serves) in [("exec >&-", true), ("exec >&- 2>&- <&-", true), ("exec >/dev/full", false)]
    {
        let port = free_port();
        let address = format!("127.0.0.1:{port}");
        let mut command =
            shell_of(&workspace, redirection, &["serve", "m=m.safetensors", "--listen", &address]);
        let mut process = Ended(command.stdout(Stdio::null()).spawn().expect("it starts"));
        if serves {
            until("it listens", || std::net::TcpStream::connect(&address).is_ok());
            ask(&mut Client::connect(&address));
            continue;
        }
        let mut code = None;
        until("it ends", || {
            code = process.0.try_wait().expect("its status").map(|status| status.code());
            code.is_some()
        });
        assert_eq!(code, Some(Some(1)));
        let stderr = std::io::read_to_string(process.0.stderr.take().expect("stderr")).expect("UTF-8");
        let errors: Vec<&str> = stderr.lines().filter(|line| !line.contains("debug build")).collect();
        let explained = errors.len() == 1 && errors[0].contains("cannot write to stdout");
        assert!(explained && errors[0].contains("No space left on device"), "{stderr}");
    }
}
