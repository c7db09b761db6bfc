//! Too little memory.

use std::os::unix::process::ExitStatusExt as _;
use std::time::Instant;

use serde_json::json;

use super::super::kib;
use super::{BODY, LONGEST, ask, connect, log_of, metric, shell, until, workspace};
use crate::client::{Answer, Client, Served};
use crate::tier::{report, times};

/// A shell's limit on the memory of its process: 256 MiB.
const LIMIT: &str = "ulimit -d 262144";

/// A request whose body has `bytes` bytes.
fn request(bytes: usize) -> Vec<u8> {
    post(&(BODY.to_owned() + &" ".repeat(bytes - BODY.len())))
}

/// A request with a sample of too many numbers, whose body has `bytes` bytes.
fn numbers(bytes: usize) -> Vec<u8> {
    let (start, end) = ("{\"instances\":[[1", "]]}");
    post(&(start.to_owned() + &",1".repeat((bytes - start.len() - end.len()) / 2) + end))
}

fn post(body: &str) -> Vec<u8> {
    let bytes = body.len();
    format!("POST /v1/models/m:predict HTTP/1.1\r\nHost: x\r\nContent-Length: {bytes}\r\n\r\n{body}").into()
}

/// The replies to `request` from `count` clients at once; `None` where the connection ends before.
fn flood(server: &Served, count: usize, request: &[u8]) -> Vec<Option<Answer>> {
    let clients: Vec<Client> = (0..count).map(|_| connect(server)).collect();
    std::thread::scope(|scope| {
        let asking = clients.into_iter().map(|mut client| scope.spawn(move || client.ask(request)));
        let asking: Vec<_> = asking.collect();
        asking.into_iter().map(|asking| asking.join().expect("it does not hang")).collect()
    })
}

/// The most KiB that a server may use with a budget of 64 MiB for bodies of up to 32, as docs/serving.md has it.
fn most_kib() -> u64 {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64;
    (2 * 64 + processors * 4 * 32 + 64) << 10
}

#[test]
fn bodies_that_have_no_room_are_refused_and_the_server_lives() {
    let rounds = times([1, 5, 50]);
    let workspace = workspace();
    let limits = "serve.limits={body_bytes=33554432,all_bodies_bytes=67108864}";
    let server = Served::of(&mut shell(&workspace, "", &["--set", limits]));
    let (largest, too_many) = (request(32 << 20), numbers(32 << 20));
    let (mut right, mut refused, mut cut) = (0, 0, 0);
    for round in 0..2 * rounds {
        for answer in flood(&server, 16, if round % 2 == 0 { &largest } else { &too_many }) {
            match answer {
                Some(answer) if answer.status == 503 => {
                    assert!(answer.text().contains("serve.limits.all_bodies_bytes"), "{answer:?}");
                    assert_eq!(answer.header("retry-after"), Some("1"));
                    refused += 1;
                }
                Some(answer) if round % 2 == 1 => {
                    assert_eq!(answer.status, 400, "{answer:?}");
                    right += 1;
                }
                Some(answer) => {
                    assert_eq!((answer.status, answer.text()), (200, "{\"predictions\":[[1.5]]}"));
                    right += 1;
                }
                // The client was still sending when the connection was closed.
                None => cut += 1,
            }
        }
        until("all room is free again", || metric(&mut connect(&server), "taper_body_bytes ") == 0);
        assert_eq!(connect(&server).ask(&largest).map(|answer| answer.status), Some(200));
    }
    let most = kib(&server, "VmHWM:");
    assert!(refused + cut > 0 && most < most_kib(), "{right} {refused} {cut} {most}");
    log_of(server);
    report(
        "serve_chaos_body_budget",
        &json!({
            "bodies_of_32_mib": 34 * rounds, "right": right + 2 * rounds, "refused": refused, "refused_while_sending": cut,
            "most_kib": most, "wrong": 0, "hung": 0,
        }),
    );
}

#[test]
fn in_256_mib_a_server_answers_what_its_limits_allow_and_ends_beyond() {
    let rounds = times([1, 5, 20]);
    let workspace = workspace();
    // The largest bodies, one after the other.
    let server = Served::of(&mut shell(&workspace, LIMIT, &[]));
    let (mut client, largest) = (connect(&server), request(32 << 20));
    for _ in 0..4 * rounds {
        let answer = client.ask(&largest).expect("a reply");
        assert_eq!((answer.status, answer.text()), (200, "{\"predictions\":[[1.5]]}"));
    }
    let one_by_one = kib(&server, "VmHWM:");
    drop(client);
    log_of(server);

    // Limits that fit: nearly as many bodies at once as there may be. The shell's limit includes about 100 MiB that the allocator and
    // the stacks of threads reserve, and hardly use.
    let limits = "serve.limits={body_bytes=1048576,connections=50}";
    let server = Served::of(&mut shell(&workspace, LIMIT, &["--set", limits]));
    for _ in 0..rounds {
        let answers = flood(&server, 40, &request(1 << 20));
        let is_right = |answer: &Answer| answer.status == 200 && answer.text() == "{\"predictions\":[[1.5]]}";
        assert!(answers.iter().all(|answer| answer.as_ref().is_some_and(is_right)), "{answers:?}");
        until("they are gone", || metric(&mut connect(&server), "taper_connections ") == 1);
    }
    let at_once = kib(&server, "VmHWM:");
    log_of(server);

    // Bodies of twice the memory at once.
    let mut ended = 0;
    for _ in 0..rounds {
        let server = Served::of(&mut shell(&workspace, LIMIT, &[]));
        let start = Instant::now();
        let answers = flood(&server, 16, &largest);
        assert!(start.elapsed() < LONGEST, "{:?}", start.elapsed());
        assert!(answers.iter().flatten().all(|answer| answer.status == 200), "{answers:?}");
        let (status, stderr) = server.wait(LONGEST);
        let lines: Vec<&str> = stderr.lines().filter(|line| !line.contains("debug build")).collect();
        assert!(lines.iter().any(|line| line.starts_with("memory allocation of ")), "{stderr}");
        // Several threads may fail at once, and Rust's library adds how to get more.
        let is_short = |line: &&str| line.contains("memory allocation of ") || line.starts_with("note: ");
        assert!(lines.iter().all(is_short), "{stderr}");
        // SIGABRT, which a shell calls 134.
        assert_eq!(status.signal(), Some(6), "{status}");
        ended += 1;
        // Whoever starts it again has a server as before.
        let server = Served::of(&mut shell(&workspace, LIMIT, &[]));
        ask(&mut connect(&server));
        log_of(server);
    }
    report(
        "serve_chaos_256_mib",
        &json!({
            "bodies_of_32_mib": 4 * rounds, "most_kib_one_by_one": one_by_one, "bodies_of_1_mib": 40 * rounds,
            "most_kib_of_40_at_once": at_once, "ended_by_512_mib_at_once": ended, "wrong": 0, "hung": 0,
        }),
    );
}
