//! Each limit of `[serve.limits]`, one below it, at it and one above it.

use std::io::Write as _;
use std::time::{Duration, Instant};

use super::life::trained;
use super::{Answer, Client, Served};
use crate::workspace::Workspace;

const LINE: &str = "/v1/models/default:predict";
const INFER: &str = "/v2/models/default/infer";

/// A body of exactly `length` bytes.
fn padded(length: usize) -> String {
    format!("{:<length$}", "{\"instances\":[1]}")
}

/// Asserts a refusal that names the limit and its key.
fn refused(answer: &Answer, status: u16, key: &str, limit: usize) {
    let text = answer.json()["error"].as_str().expect("an error").to_owned();
    assert_eq!(answer.status, status, "{text}");
    assert!(text.contains(&format!("serve.limits.{key}")) && text.contains(&limit.to_string()), "{text}");
}

fn gzip(content: &str) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(content.as_bytes()).expect("it is packed");
    packed.finish().expect("it is packed")
}

#[test]
fn bodies_have_a_largest_size_however_they_are_sent() {
    let workspace = trained();
    let server = Served::start(&workspace, &["run", "--set", "serve.limits.body_bytes=1000"]);
    let plain = |length| server.client().post(LINE, &padded(length));
    let packed = |length| {
        let headers = [("Content-Encoding", "gzip")];
        server.client().request("POST", LINE, &headers, &gzip(&padded(length)))
    };
    let chunked = |length| {
        let (mut client, body) = (server.client(), padded(length));
        let (first, second) = body.split_at(length / 2);
        let chunk = |part: &str| format!("{:x}\r\n{part}\r\n", part.len());
        let head = format!("POST {LINE} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.send(format!("{head}{}{}0\r\n\r\n", chunk(first), chunk(second)).as_bytes());
        client.answer(false).expect("a reply")
    };
    for send in [&plain as &dyn Fn(usize) -> Answer, &packed, &chunked] {
        assert_eq!([999, 1000].map(|length| send(length).status), [200, 200]);
        refused(&send(1001), 413, "body_bytes", 1000);
    }
    // A length that is too large is refused before anything else is sent.
    let mut client = server.client();
    client.send(format!("POST {LINE} HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n").as_bytes());
    refused(&client.answer(false).expect("a reply"), 413, "body_bytes", 1000);
}

#[test]
fn bodies_have_a_largest_size_together() {
    let workspace = trained();
    let limits = "serve.limits={body_bytes=1000,all_bodies_bytes=2000}";
    let server = Served::start(&workspace, &["run", "--set", limits]);
    // Two clients that send all but the last byte.
    let body = padded(1000);
    let (most, last) = body.split_at(999);
    let mut slow = [server.client(), server.client()];
    for client in &mut slow {
        client.send(
            format!("POST {LINE} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{most}").as_bytes(),
        );
    }
    let end = Instant::now() + Duration::from_secs(20);
    while !server.client().get("/metrics").text().contains("\ntaper_body_bytes 1998\n") {
        assert!(Instant::now() < end, "the bodies do not arrive");
        std::thread::sleep(Duration::from_millis(5));
    }
    let answer = server.client().post(LINE, &padded(20));
    refused(&answer, 503, "all_bodies_bytes", 2000);
    assert_eq!(answer.header("retry-after"), Some("1"));
    // What has arrived is answered, and leaves room for others.
    for client in &mut slow {
        client.send(last.as_bytes());
        assert_eq!(client.answer(false).expect("a reply").status, 200);
    }
    assert_eq!(server.client().post(LINE, &padded(1000)).status, 200);
    let metrics = server.client().get("/metrics");
    for line in ["taper_rejected_total{reason=\"memory\"} 1", "taper_body_bytes 0"] {
        assert!(metrics.text().contains(&format!("\n{line}\n")), "{}", metrics.text());
    }
}

#[test]
fn requests_have_a_largest_number_of_samples_by_both_protocols() {
    let workspace = trained();
    let server = Served::start(&workspace, &["run", "--set", "serve.limits.samples=3"]);
    let mut client = server.client();
    let ones = |count: usize| vec!["1"; count].join(",");
    let mut rows = |count| client.post(LINE, &format!("{{\"instances\":[{}]}}", ones(count)));
    assert_eq!([2, 3].map(|count| rows(count).status), [200, 200]);
    refused(&rows(4), 413, "samples", 3);
    let mut client = server.client();
    let mut infer = |count| {
        let (shape, data) = (format!("[{count},1]"), ones(count));
        let input = format!("{{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":{shape},\"data\":[{data}]}}");
        client.post(INFER, &format!("{{\"inputs\":[{input}]}}"))
    };
    assert_eq!([2, 3].map(|count| infer(count).status), [200, 200]);
    refused(&infer(4), 413, "samples", 3);
}

#[test]
fn heads_have_a_largest_size() {
    let workspace = trained();
    let server = Served::start(&workspace, &["run", "--set", "serve.limits.head_bytes=9000"]);
    let sent = |head: &str| {
        let mut client = server.client();
        client.send(head.as_bytes());
        client.answer(false).expect("a reply")
    };
    let start = "GET /readyz HTTP/1.1\r\nHost: x\r\nA: ";
    let by_header = |length: usize| sent(&format!("{start}{}\r\n\r\n", "a".repeat(length - start.len() - 4)));
    assert_eq!([8999, 9000].map(|length| by_header(length).status), [200, 200]);
    refused(&by_header(9001), 431, "head_bytes", 9000);
    let end = " HTTP/1.1\r\nHost: x\r\n\r\n";
    let by_path = |length: usize| {
        let start = "GET /readyz?";
        sent(&format!("{start}{}{end}", "a".repeat(length - start.len() - end.len())))
    };
    assert_eq!([8999, 9000].map(|length| by_path(length).status), [200, 200]);
    refused(&by_path(9001), 431, "head_bytes", 9000);
    // Far beyond, it is not even read.
    assert_eq!([30_000, 1_000_000].map(|length| by_header(length).status), [431, 431]);
    let many = |count: usize| {
        sent(&format!("GET /readyz HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(count - 1)))
    };
    assert_eq!([99, 100, 101].map(|count| many(count).status), [200, 200, 431]);
    assert_eq!(server.client().get("/readyz").status, 200);
}

#[test]
fn connections_beyond_the_most_are_closed_until_others_end() {
    let workspace = trained();
    let server = Served::start(&workspace, &["run", "--set", "serve.limits.connections=3"]);
    let get = b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut open: Vec<Client> = (0..3).map(|_| server.client()).collect();
    assert!(open.iter_mut().all(|client| client.get("/readyz").status == 200));
    assert!((0..5).all(|_| server.client().ask(get).is_none()));
    assert!(open.iter_mut().all(|client| client.get("/readyz").status == 200));
    let metrics = open[0].get("/metrics");
    assert!(metrics.text().contains("taper_rejected_total{reason=\"connections\"} 5"), "{}", metrics.text());
    open.pop();
    let end = Instant::now() + Duration::from_secs(20);
    while server.client().ask(get).is_none() {
        assert!(Instant::now() < end, "there is still no room");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_does_not_arrive_in_time_is_cut() {
    let workspace = trained();
    let limits = "serve.limits={body_seconds=0.3,head_seconds=0.3,idle_seconds=0.5}";
    let server = Served::start(&workspace, &["run", "--set", limits]);
    // A body that does not come.
    let mut slow = server.client();
    slow.send(format!("POST {LINE} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{").as_bytes());
    let answer = slow.answer(false).expect("a reply");
    assert!(answer.status == 408 && answer.text().contains("serve.limits.body_seconds"), "{}", answer.text());
    // A head that does not end, and a connection that stays silent.
    for start in ["GET / HTTP/1.1\r\nHost: x\r\n", ""] {
        let mut slow = server.client();
        slow.send(start.as_bytes());
        let begun = Instant::now();
        assert!(slow.answer(false).is_none_or(|answer| answer.status == 408));
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
    assert_eq!(server.client().get("/readyz").status, 200);
}

#[test]
#[cfg(target_os = "linux")]
fn samples_with_named_columns_take_little_memory_beyond_their_text() {
    let workspace = Workspace::new();
    workspace.file("train.csv", "a,b,y\n1,2,low\n2,1,high\n3,5,low\n4,3,high\n");
    let config = "[data.csv]\npath = \"train.csv\"\ntarget = \"y\"\n[model]\nlayers = [{ dense = { units = 2 } }]\n\
                  [loss.cross_entropy]\n[optimizer.adam]\n[train]\nepochs = 1\nbatch_size = 2\n";
    workspace.file("c.toml", config);
    workspace.ok(&["train", "--config", "c.toml", "--run-dir", "run", "-q"]);
    let server = Served::start(&workspace, &["run"]);
    // Read as a whole, they took forty times as much: 340 MiB.
    let samples = 600_000;
    let mut body = "{\"a\":1,\"b\":2},".repeat(samples);
    body.pop();
    refused(&server.client().post(LINE, &format!("{{\"instances\":[{body}]}}")), 413, "samples", 65_536);
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).expect("its status");
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its memory");
    let kib: usize = most.trim().trim_end_matches(" kB").parse().expect("a size");
    assert!(kib < 160 << 10, "{kib} KiB for {} KiB of text", body.len() >> 10);
}
