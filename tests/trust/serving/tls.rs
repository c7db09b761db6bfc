//! Certificates that are replaced while clients connect.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::{CONNECTIONS, line};
use crate::authority::{Authority, Secure};
use crate::client::{Client, Served};
use crate::tier::{report, times};
use crate::workspace::Workspace;

/// A request whose reply is known.
fn ask(client: &mut Client<Secure>) {
    let answer = client.post("/v1/models/m:predict", "{\"instances\":[[1.5]]}");
    assert_eq!((answer.status, answer.text()), (200, "{\"predictions\":[[1.5]]}"));
}

/// The certificate that the server has shown.
fn shown(client: &Client<Secure>) -> Vec<u8> {
    client.stream().conn.peer_certificates().expect("certificates")[0].to_vec()
}

#[test]
fn certificates_are_replaced_under_load_without_a_failed_handshake() {
    let wanted = times([20, 200, 1_000]) as u64;
    let (workspace, authority) = (Workspace::new(), Authority::new());
    workspace.file("m.safetensors", line(&workspace, 1.0, 0.0));
    let first = authority.issue();
    first.install(&workspace);
    // Clients have certificates as well, which each handshake verifies.
    let own = authority.issue();
    workspace.file("clients.crt", authority.pem());
    let server = Served::start(
        &workspace,
        &[
            "m=m.safetensors",
            "--tls-certificate",
            "tls.crt",
            "--tls-key",
            "tls.key",
            "--set",
            "serve.poll_seconds=0.05",
            "--set",
            "serve.tls.client_ca=clients.crt",
        ],
    );
    let connect = || authority.connect(&server.address, Some(&own)).expect("a handshake");
    let (stop, handshakes, kept) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let (issued, seen) =
        (Mutex::new(BTreeSet::from([first.certificate.to_vec()])), Mutex::new(BTreeSet::new()));
    let mut slowest = Duration::ZERO;
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let mut client = connect();
                    seen.lock().expect("certificates").insert(shown(&client));
                    ask(&mut client);
                    handshakes.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // A connection that outlives all certificates.
        scope.spawn(|| {
            let mut client = connect();
            while !stop.load(Ordering::Relaxed) {
                ask(&mut client);
                kept.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        for _ in 0..wanted {
            let pair = authority.issue();
            issued.lock().expect("certificates").insert(pair.certificate.to_vec());
            pair.install(&workspace);
            let start = Instant::now();
            while shown(&connect()) != pair.certificate.as_ref() {
                assert!(start.elapsed() < Duration::from_secs(30), "the new certificate is not shown");
                std::thread::sleep(Duration::from_millis(5));
            }
            slowest = slowest.max(start.elapsed());
        }
        stop.store(true, Ordering::Relaxed);
    });
    let (issued, seen) =
        (issued.into_inner().expect("certificates"), seen.into_inner().expect("certificates"));
    assert!(seen.is_subset(&issued), "a certificate that was never there");
    report(
        "serve_certificates",
        &json!({
            "reloads": wanted, "handshakes": handshakes.into_inner(), "failed": 0,
            "requests_of_a_kept_connection": kept.into_inner(), "slowest_reload_ms": slowest.as_millis() as u64,
        }),
    );
}
