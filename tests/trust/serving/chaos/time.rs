//! A server that is paused, and a clock that is set back.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use super::super::line;
use super::{BODY, REQUEST, ask, connect, log_of, metric, shell, until, workspace};
use crate::authority::Authority;
use crate::client::Served;
use crate::tier::{report, times};

/// The half of a request that is sent before the pause, and the other one.
fn halves() -> (&'static str, &'static str) {
    REQUEST.split_at(REQUEST.len() - 8)
}

#[test]
fn a_server_that_is_paused_answers_afterwards_what_was_sent_meanwhile() {
    let (rounds, pause) = (times([1, 3, 20]), Duration::from_secs_f64(times([1.0, 5.0, 5.0])));
    let workspace = workspace();
    // Less than the pause: a request that has begun before it is late afterwards, and one that comes meanwhile is not.
    let late = "serve.limits.answer_seconds=0.5";
    let server = Served::of(&mut shell(&workspace, "", &["--set", late]));
    let patient = Served::of(&mut shell(&workspace, "", &[]));
    let mut slowest = Duration::ZERO;
    for _ in 0..rounds {
        let mut begun = [connect(&server), connect(&patient)];
        let mut open: Vec<_> =
            [&server, &patient].iter().flat_map(|server| [connect(server), connect(server)]).collect();
        open.iter_mut().for_each(ask);
        for client in &mut begun {
            client.send(halves().0.as_bytes());
        }
        for server in [&server, &patient] {
            let mut client = connect(server);
            until("half a request is there", || metric(&mut client, "taper_requests_in_flight ") == 2);
            server.signal("STOP");
        }
        // Connections are made by the system.
        open.extend([&server, &patient].iter().flat_map(|server| (0..8).map(|_| connect(server))));
        for client in &mut open {
            client.send(REQUEST.as_bytes());
        }
        for client in &mut begun {
            client.send(halves().1.as_bytes());
        }
        std::thread::sleep(pause);
        for server in [&server, &patient] {
            server.signal("CONT");
        }
        let start = Instant::now();
        for client in &mut open {
            let answer = client.answer(false).expect("a reply");
            assert_eq!((answer.status, answer.text()), (200, "{\"predictions\":[[1.5]]}"));
        }
        let [late, in_time] = begun.map(|mut client| client.answer(false).expect("a reply"));
        assert!(late.status == 504 && late.text().contains("serve.limits.answer_seconds"), "{}", late.text());
        assert_eq!((in_time.status, in_time.text()), (200, "{\"predictions\":[[1.5]]}"));
        slowest = slowest.max(start.elapsed());
    }
    for (server, late) in [(server, rounds as u64), (patient, 0)] {
        let mut client = connect(&server);
        until("the others are gone", || metric(&mut client, "taper_connections ") == 1);
        ask(&mut client);
        assert_eq!(metric(&mut client, "taper_deadline_total "), late);
        drop(client);
        log_of(server);
    }
    report(
        "serve_chaos_pauses",
        &json!({
            "pauses": 2 * rounds, "seconds": pause.as_secs_f64(), "answered_afterwards": 21 * rounds,
            "late_504": rounds, "wrong": 0, "failed": 0, "slowest_ms_after_the_pause": slowest.as_millis() as u64,
        }),
    );
}

/// A clock that is a day behind from the moment at which there is a file `back` in the working directory.
const CLOCK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static long back(void) { return access("back", F_OK) == 0 ? 86400 : 0; }
int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, now);
  if (result == 0 && clock == CLOCK_REALTIME) now->tv_sec -= back();
  return result;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec precise;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &precise) != 0) return -1;
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}
"#;

/// A day, in seconds.
const DAY: f64 = 86_400.0;

#[test]
fn a_clock_that_is_set_back_a_day_changes_only_what_shows_the_time() {
    let workspace = workspace();
    workspace.file("clock.c", CLOCK);
    let mut compile = Command::new("cc");
    compile.args(["-shared", "-fPIC", "-o", "clock.so", "clock.c", "-ldl"]).current_dir(workspace.path(""));
    if !compile.status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: needs a C compiler");
        return;
    }
    let authority = Authority::new();
    authority.issue().install(&workspace);
    let settings = [
        "--tls-certificate",
        "tls.crt",
        "--tls-key",
        "tls.key",
        "--set",
        "serve.access_log=all",
        "--set",
        "serve.poll_seconds=0.05",
        "--set",
        "serve.limits={answer_seconds=0.5,idle_seconds=1.0,body_seconds=5.0}",
    ];
    let mut command = shell(&workspace, "LD_PRELOAD=$PWD/clock.so; export LD_PRELOAD", &settings);
    let server = Served::of(&mut command);
    let secure = || authority.connect(&server.address, None).expect("a handshake");
    let seconds = |name: &str| {
        let answer = secure().get("/metrics");
        let text = answer.text().lines().find_map(|line| line.strip_prefix(name)).expect("a metric");
        text.trim().parse::<f64>().expect("a number")
    };
    let [started, expires] = ["process_start_time_seconds ", "taper_tls_expires_seconds "].map(&seconds);
    let mut kept = secure();
    assert_eq!(kept.post("/v1/models/m:predict", BODY).status, 200);
    // Begun before, ended after: late by the time that has really passed.
    let mut begun = secure();
    begun.send(halves().0.as_bytes());
    until("it is there", || seconds("taper_requests_in_flight ") == 2.0);
    workspace.file("back", "");
    assert_eq!(kept.post("/v1/models/m:predict", BODY).status, 200);
    std::thread::sleep(Duration::from_millis(600));
    begun.send(halves().1.as_bytes());
    assert_eq!(begun.answer(false).expect("a reply").status, 504);
    // A quiet connection is closed after the time that has really passed.
    let quiet = Instant::now();
    assert!(begun.answer(false).is_none());
    assert!(quiet.elapsed() < Duration::from_secs(5), "{:?}", quiet.elapsed());
    // New weights, which are older than those before, and a new certificate.
    let new = workspace.file("new.safetensors", line(&workspace, 2.0, 0.0));
    let file = fs::File::options().write(true).open(&new).expect("a file");
    file.set_modified(SystemTime::now() - Duration::from_secs_f64(DAY)).expect("a time");
    fs::rename(&new, workspace.path("m.safetensors")).expect("it is moved");
    let doubled = "{\"predictions\":[[3.0]]}";
    let swap =
        until("the new weights are served", || secure().post("/v1/models/m:predict", BODY).text() == doubled);
    let renewed = authority.issue();
    renewed.install(&workspace);
    until("the new certificate is shown", || {
        secure().stream().conn.peer_certificates().expect("certificates")[0] == renewed.certificate
    });
    assert_eq!(seconds("process_start_time_seconds "), started);
    let later = seconds("taper_tls_expires_seconds ") - expires;
    assert!((later - DAY).abs() < 60.0, "the certificate lasts {later} seconds longer");
    let log = log_of(server);
    let times: Vec<f64> =
        log.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok()?["time"].as_f64()).collect();
    let jumps = times.windows(2).filter(|pair| pair[1] - pair[0] < 60.0 - DAY).count();
    assert_eq!(jumps, 1, "{log:?}");
    assert_eq!(times.len(), log.len(), "{log:?}");
    report(
        "serve_chaos_clock",
        &json!({
            "set_back_seconds": DAY, "requests": times.len(), "late_504": 1, "wrong": 0, "failed": 0,
            "swap_ms": swap.as_millis() as u64,
        }),
    );
}
