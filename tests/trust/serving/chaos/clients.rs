//! Clients that are killed, and more of them than the server may have files.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::super::line;
use super::{LONGEST, REQUEST, ask, connect, log_of, metric, shell, until, workspace};
use crate::client::Served;
use crate::tier::{report, times};

/// Where clients are when they are killed, and what they have sent by then.
const PLACES: [(&str, &str); 4] = [
    ("in the head", "printf 'GET /v1/models/m HTTP/1.1\\r\\nHo' >&3"),
    (
        "in the body",
        "printf 'POST /v1/models/m:predict HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 21\\r\\n\\r\\n{\"in' >&3",
    ),
    // More than the system buffers, and nothing is read.
    (
        "in the reply",
        "for i in {1..600}; do printf 'GET /openapi.json HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'; done >&3",
    ),
    ("between requests", "printf 'GET /healthz HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' >&3; read -r reply <&3"),
];

/// A process of its own, with a connection to the server.
fn start(server: &Served, sends: &str) -> Child {
    let (host, port) = server.address.split_once(':').expect("an address");
    let script = format!("exec 3<>/dev/tcp/{host}/{port}; {sends}; exec sleep 600");
    let mut bash = Command::new("bash");
    bash.args(["-c", &script]).stdin(Stdio::null()).stderr(Stdio::null());
    bash.spawn().expect("bash starts")
}

#[test]
fn clients_that_are_killed_cost_nothing() {
    if !Command::new("bash").arg("--version").stdout(Stdio::null()).status().is_ok_and(|s| s.success()) {
        eprintln!("skipped: needs bash, which can connect");
        return;
    }
    let (rounds, count) = (times([1, 10, 50]), 8);
    let workspace = workspace();
    let server = Served::of(&mut shell(&workspace, "", &[]));
    let (stop, mut slowest) = (AtomicBool::new(false), Duration::ZERO);
    let others = std::thread::scope(|scope| {
        let others = scope.spawn(|| {
            let (mut client, mut replies) = (connect(&server), 0);
            while !stop.load(Ordering::Relaxed) {
                ask(&mut client);
                replies += 1;
                std::thread::sleep(Duration::from_millis(1));
            }
            replies
        });
        let mut client = connect(&server);
        for _ in 0..rounds {
            for (place, sends) in PLACES {
                let mut clients: Vec<Child> = (0..count).map(|_| start(&server, sends)).collect();
                // Two connections are those of the test.
                let all = 2 + count as u64;
                until("all are connected", || metric(&mut client, "taper_connections ") == all);
                std::thread::sleep(Duration::from_millis(100));
                for client in &mut clients {
                    client.kill().expect("it is killed");
                }
                let gone = until(place, || metric(&mut client, "taper_connections ") == 2);
                // Much sooner than any limit on the time of a connection.
                assert!(gone < Duration::from_secs(5), "{place}: gone after {gone:?}");
                slowest = slowest.max(gone);
                for mut client in clients {
                    client.wait().expect("it has ended");
                }
            }
        }
        until("nothing is in flight", || metric(&mut client, "taper_requests_in_flight ") <= 2);
        stop.store(true, Ordering::Relaxed);
        others.join().expect("replies")
    });
    let mut client = connect(&server);
    ask(&mut client);
    // Half a body is a bad request.
    let incomplete = metric(&mut client, "taper_requests_total{model=\"_\",api=\"other\",code=\"400\"} ");
    assert_eq!((incomplete, metric(&mut client, "taper_panics_total ")), ((rounds * count) as u64, 0));
    drop(client);
    log_of(server);
    report(
        "serve_chaos_killed_clients",
        &json!({
            "killed": rounds * count * PLACES.len(), "places": PLACES.map(|place| place.0),
            "slowest_until_gone_ms": slowest.as_millis() as u64, "replies_to_others": others, "wrong": 0, "failed": 0,
        }),
    );
}

/// The CPU time of the server, in hundredths of a second.
fn cpu_time(server: &Served) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", server.id())).expect("its status");
    let fields: Vec<&str> = stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
    [11, 12].iter().map(|at| fields[*at].parse::<u64>().expect("a time")).sum()
}

#[test]
fn with_64_files_a_server_answers_some_clients_after_others() {
    let (rounds, seconds) = (times([1, 3, 20]), times([1, 2, 5]));
    let workspace = workspace();
    let server = Served::of(&mut shell(&workspace, "ulimit -n 64", &["--set", "serve.poll_seconds=0.05"]));
    let address = server.address.parse().expect("an address");
    let mut first = connect(&server);
    ask(&mut first);
    let (mut answered, mut refused, mut most, mut busiest) = (0, 0, 0, 0);
    for round in 0..rounds {
        // The system accepts some for a server that cannot, and lets the rest wait.
        let mut waiting = Vec::new();
        for _ in 0..200 {
            match TcpStream::connect_timeout(&address, Duration::from_millis(10)) {
                Ok(mut stream) => {
                    stream.write_all(REQUEST.as_bytes()).expect("it is sent");
                    stream.set_read_timeout(Some(LONGEST)).expect("a time limit");
                    waiting.push(stream);
                }
                Err(_) => refused += 1,
            }
        }
        assert!(waiting.len() > 64, "{} connections", waiting.len());
        until("the files are used up", || {
            let open = metric(&mut first, "taper_connections ");
            std::mem::replace(&mut most, open) == open && open > 40
        });
        assert!(most < 64, "{most} connections with 64 files");
        // New weights at this moment are for later.
        let slope = round as f32 + 2.0;
        workspace.file("new.safetensors", line(&workspace, slope, 0.0));
        fs::rename(workspace.path("new.safetensors"), workspace.path("m.safetensors")).expect("it is moved");
        let before = cpu_time(&server);
        std::thread::sleep(Duration::from_secs(seconds));
        busiest = busiest.max((cpu_time(&server) - before) / seconds);
        assert!(busiest < 20, "{busiest} % of a core while it can accept nobody");
        assert_eq!(first.get("/healthz").status, 200);
        // Each one that leaves makes room for the next.
        for mut stream in waiting {
            let mut reply = [0; 12];
            stream.read_exact(&mut reply).expect("a reply");
            assert_eq!(&reply, b"HTTP/1.1 200");
            answered += 1;
        }
        until("the others are gone", || metric(&mut first, "taper_connections ") == 1);
        until("the new weights are served", || {
            let answer = connect(&server).post("/v1/models/m:predict", "{\"instances\":[[1.0]]}");
            answer.json()["predictions"][0][0].as_f64() == Some(f64::from(slope))
        });
    }
    drop(first);
    let log = log_of(server);
    let warnings = log.iter().filter(|line| line.contains("cannot accept connections")).count();
    // Not one for each time that it tries.
    assert!((1..=2 * rounds).contains(&warnings), "{warnings}: {log:?}");
    report(
        "serve_chaos_64_files",
        &json!({
            "rounds": rounds, "answered": answered, "open_at_once": most, "not_even_queued": refused,
            "wrong": 0, "failed": 0, "percent_of_a_core_at_the_limit": busiest, "warnings": warnings,
        }),
    );
}
