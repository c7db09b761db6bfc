//! What people try who have no rights: names that could be paths, tokens that are wrong, bodies that unpack to more than there is.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flate2::{Compress, Compression, FlushCompress};
use serde_json::json;
use taper::random::{Purpose, Stream};

use super::{kib, line, memory};
use crate::client::{ARGUMENTS, Answer, Client, Served};
use crate::tier::{report, times};
use crate::trace;
use crate::workspace::Workspace;

/// Pieces of names that some servers take for a path, for the end of a text, or for something to run.
const PIECES: [&str; 40] = [
    "..",
    ".",
    "/",
    "//",
    "../",
    "..%2f",
    "%2e%2e%2f",
    "%2e%2e/",
    "%252e%252e%252f",
    "%25252e",
    "..%5c",
    "\\",
    "%5C",
    "%00",
    "m%00",
    "%00.safetensors",
    "%c0%ae%c0%ae%c0%af",
    "%c0%af",
    "%ef%bc%8f",
    "%e2%80%ae",
    "\u{e9}",
    "\u{1f600}",
    "%ff",
    "%",
    "%zz",
    "%2",
    ";",
    ":",
    "::predict",
    "*",
    "~",
    "etc",
    "passwd",
    "proc/self/environ",
    "%0d%0aA:%20b",
    "$(id)",
    "{",
    "\"",
    "file:///",
    "latest",
];

/// Requests for a name that does not exist.
fn requests(name: &str) -> [String; 10] {
    [
        ("GET", format!("/v1/models/{name}")),
        ("GET", format!("/v1/models/{name}/metadata")),
        ("POST", format!("/v1/models/{name}:predict")),
        ("POST", format!("/v1/models/the-model/labels/{name}:predict")),
        ("GET", format!("/v1/models/the-model/versions/{name}")),
        ("GET", format!("/v2/models/{name}x")),
        ("GET", format!("/v2/models/{name}/ready")),
        ("POST", format!("/v2/models/{name}/infer")),
        ("GET", format!("/{name}")),
        ("GET", format!("/page/{name}")),
    ]
    .map(|(method, path)| {
        format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n\r\n{{\"instances\":[1]}}")
    })
}

/// The names and labels of all series.
fn series(client: &mut Client) -> BTreeSet<String> {
    let metrics = client.get("/metrics");
    assert_eq!(metrics.status, 200);
    let lines = metrics.text().lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').expect("a value").0.to_owned()).collect()
}

/// The paths that `process` opens or looks at while `work` runs; `None` if it cannot be followed here.
fn opened(process: u32, workspace: &Workspace, work: impl FnOnce()) -> Option<BTreeSet<String>> {
    if !trace::is_available() {
        work();
        return None;
    }
    let output = workspace.path("calls");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-q", "-e", "trace=%file", "-p", &process.to_string(), "-o"]).arg(&output);
    let mut strace = strace.stderr(Stdio::null()).spawn().expect("strace");
    let status = format!("/proc/{process}/status");
    let end = Instant::now() + Duration::from_secs(20);
    while !std::fs::read_to_string(&status)
        .expect("a status")
        .contains(&format!("TracerPid:\t{}", strace.id()))
    {
        assert!(Instant::now() < end && strace.try_wait().expect("a status").is_none(), "it is not followed");
        std::thread::sleep(Duration::from_millis(10));
    }
    // It has the first thread then, and the others soon after.
    std::thread::sleep(Duration::from_millis(300));
    work();
    let ended = Command::new("kill").args(["-INT", &strace.id().to_string()]).status().expect("kill");
    assert!(ended.success());
    strace.wait().expect("it ends");
    let text = std::fs::read_to_string(output).expect("the calls");
    // What is open already has no path in such a call.
    let paths = text.lines().filter_map(|line| line.split('"').nth(1)).filter(|path| !path.is_empty());
    Some(paths.map(ToOwned::to_owned).collect())
}

#[test]
fn names_that_could_be_paths_lead_nowhere() {
    let wanted = times([1_000, 10_000, 10_000]) as u64;
    let workspace = Workspace::new();
    workspace.file("the-model.safetensors", line(&workspace, 1.0, 0.0));
    let settings = ["the-model=the-model.safetensors", "--set", "serve.poll_seconds=0"];
    let server = Served::start(&workspace, &settings);
    let mut random = Stream::new(1, Purpose::Data, [0, 0]);
    let (mut client, mut codes) = (server.client(), std::collections::BTreeMap::new());
    let mut send = |count: u64| {
        for _ in 0..count {
            let name: String = (0..=random.below(5)).map(|_| PIECES[random.below(40) as usize]).collect();
            let request = &requests(&name)[random.below(10) as usize];
            let answer = client.ask(request.as_bytes()).unwrap_or_else(|| panic!("no reply to {request}"));
            assert!(matches!(answer.status, 400 | 404), "{} to {request}: {}", answer.status, answer.text());
            *codes.entry(answer.status).or_insert(0_u64) += 1;
            if answer.header("connection") == Some("close") {
                client = server.client();
            }
        }
    };
    // The first ones bring a series for each code.
    send(200);
    let (before, held) = (series(&mut server.client()), memory(&server));
    let looked_at = opened(server.id(), &workspace, || {
        send(wanted - 200);
        // What shows that the server is followed at all.
        series(&mut server.client());
    });
    assert_eq!(series(&mut server.client()), before, "metrics grow with what clients send");
    let grown = memory(&server).saturating_sub(held);
    assert!(grown < 8 << 10, "{grown} KiB more");
    if let Some(paths) = &looked_at {
        assert!(paths.iter().any(|path| path == "/proc/self/status"), "{paths:?}");
        let others: Vec<&String> = paths.iter().filter(|path| !path.starts_with("/proc/self/")).collect();
        assert!(others.is_empty(), "{others:?}");
    }
    report(
        "serve_names",
        &json!({
            "names": wanted, "codes": codes, "other_codes": 0, "new_series": 0, "grown_kib": grown,
            "files_opened": looked_at.map(|_| 0),
        }),
    );
}

/// The right token, and the name that its owner has.
const TOKEN: &str = "right-5f0c7d81a9b34e62";

/// Something that is like the right token, but is not.
fn wrong(random: &mut Stream) -> String {
    let mut letters: Vec<char> = TOKEN.chars().collect();
    let at = random.below(letters.len() as u64) as usize;
    match random.below(10) {
        0 => letters.truncate(at),
        1 => letters.insert(at, char::from(b'0' + random.below(10) as u8)),
        2 => letters[at] = char::from(b'A' + random.below(26) as u8),
        3 => letters.extend(TOKEN.chars()),
        4 => letters = TOKEN.to_ascii_uppercase().chars().collect(),
        5 => letters.rotate_left(1 + at.min(20)),
        6 => letters = "the-client".chars().collect(),
        7 => letters = "*".repeat(at + 1).chars().collect(),
        8 => letters.insert(at.max(1), ' '),
        _ => letters = (0..22).map(|_| char::from(b'a' + random.below(26) as u8)).collect(),
    }
    letters.into_iter().collect()
}

/// A value of `Authorization` with `token`, which is not the right one, or with the right one in a wrong way.
fn header(random: &mut Stream, token: &str) -> String {
    match random.below(12) {
        0 => format!("Basic {TOKEN}"),
        1 => TOKEN.to_owned(),
        2 => format!("Bearer{TOKEN}"),
        3 => format!("Bearer \u{e9}{token}"),
        4 => format!("Bearer \"{TOKEN}\""),
        5 => format!("Bearer {TOKEN}, Bearer {token}"),
        6 => "Bearer".to_owned(),
        _ => format!("Bearer {token}"),
    }
}

#[test]
fn wrong_tokens_open_nothing_and_no_token_is_shown() {
    let wanted = times([1_000, 10_000, 10_000]) as u64;
    let workspace = Workspace::new();
    workspace.file("m.safetensors", line(&workspace, 1.0, 0.0));
    workspace.file("tokens", format!("the-client: {TOKEN}\nother: 0123456789abcdef0123\n"));
    let log = workspace.path("log");
    let arguments = ["m=m.safetensors", "--tokens", "tokens", "--access-log", "all"];
    // Not in a pipe, which would become full.
    let mut command = workspace.command(&[&ARGUMENTS[..], &arguments].concat());
    let server = Served::of(command.stderr(std::fs::File::create(&log).expect("a file")));
    let mut random = Stream::new(2, Purpose::Data, [0, 0]);
    let (mut tokens, mut shown) = (BTreeSet::new(), Vec::new());
    let mut client = server.client();
    let body = "{\"instances\":[[1.5]]}";
    let ask = |client: &mut Client, path: &str, value: &str| -> Answer {
        let method = if path.ends_with("predict") { "POST" } else { "GET" };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {value}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = client.ask(request.as_bytes()).unwrap_or_else(|| panic!("no reply to {request}"));
        if answer.header("connection") == Some("close") {
            *client = server.client();
        }
        answer
    };
    let paths = ["/v1/models/m:predict", "/v1/models/m", "/v2/models", "/metrics", "/page/models.json"];
    for at in 0..wanted {
        let token = wrong(&mut random);
        let path = paths[random.below(5) as usize];
        let answer = ask(&mut client, path, &header(&mut random, &token));
        assert_eq!(answer.status, 401, "{path} with {token}: {}", answer.text());
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        shown.extend(answer.body);
        tokens.insert(token);
        if at % 1_000 == 0 {
            let right = ask(&mut client, paths[0], &format!("Bearer {TOKEN}"));
            assert_eq!((right.status, right.text()), (200, "{\"predictions\":[[1.5]]}"));
        }
    }
    let metrics = ask(&mut client, "/metrics", &format!("Bearer {TOKEN}"));
    let counted = format!("taper_auth_failures_total {wanted}");
    assert!(metrics.text().lines().any(|line| line == counted), "{}", metrics.text());
    shown.extend(metrics.body);
    shown.extend(std::fs::read(format!("/proc/{}/cmdline", server.id())).unwrap_or_default());
    server.signal("TERM");
    server.wait(Duration::from_secs(20));
    let logged = std::fs::read_to_string(log).expect("UTF-8");
    assert!(
        logged.lines().count() as u64 > wanted / 2 && logged.contains("\"token\":\"the-client\""),
        "{logged:.500}"
    );
    shown.extend(logged.bytes());
    let shown = String::from_utf8_lossy(&shown);
    // A part of a token that is long enough to be no word.
    let long = |token: &&String| token.len() >= 12;
    for token in
        tokens.iter().filter(long).map(String::as_str).chain([TOKEN, &TOKEN[6..], "0123456789abcdef"])
    {
        assert!(token.starts_with("***") || !shown.contains(token), "{token} is shown");
    }
    let figures = json!({ "wrong": wanted, "different": tokens.len(), "accepted": 0, "shown": 0 });
    report("serve_tokens", &figures);
}

/// The content of a gzip file of so many MiB of spaces, built without compressing all of them.
fn bomb(mib: usize) -> Vec<u8> {
    let mut compress = Compress::new(Compression::best(), false);
    let mut part = Vec::with_capacity(1 << 16);
    compress.compress_vec(&vec![b' '; 1 << 20], &mut part, FlushCompress::Full).expect("compressed");
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    [&header[..], &part.repeat(mib), &[3, 0], &[0; 8]].concat()
}

#[test]
fn a_gzip_bomb_is_refused_within_the_limits_of_memory() {
    let (mib, requests) = (10 << 10, times([3, 30, 300]));
    let workspace = Workspace::new();
    workspace.file("m.safetensors", line(&workspace, 1.0, 0.0));
    let server = Served::start(&workspace, &["m=m.safetensors"]);
    let body = bomb(mib);
    assert!(body.len() < 32 << 20, "it is itself too large");
    let path = "/v1/models/m:predict";
    assert_eq!(server.client().post(path, "{\"instances\":[[1.5]]}").status, 200);
    let (before, mut slowest) = (memory(&server), Duration::ZERO);
    for _ in 0..requests {
        let mut client = server.client();
        let start = Instant::now();
        let answer = client.request("POST", path, &[("Content-Encoding", "gzip")], &body);
        slowest = slowest.max(start.elapsed());
        assert!(
            answer.status == 413 && answer.text().contains("serve.limits.body_bytes"),
            "{}",
            answer.text()
        );
    }
    let grown = kib(&server, "VmHWM:").saturating_sub(before);
    assert!(before == 0 || grown <= 40 << 10, "{grown} KiB more");
    report(
        "serve_bombs",
        &json!({
            "requests": requests, "packed_bytes": body.len(), "unpacked_mib": mib, "refused": requests,
            "slowest_ms": slowest.as_millis() as u64, "grown_kib": grown,
        }),
    );
}
