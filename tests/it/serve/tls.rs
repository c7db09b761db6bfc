//! HTTPS: who can connect, and what happens when the certificate changes.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::authority::{Authority, Pair, Secure, replace};
use super::life::trained;
use super::{Client, Served};
use crate::workspace::Workspace;

const LINE: &str = "/v1/models/default:predict";
const BODY: &str = "{\"instances\":[1]}";

/// The whole request of a client that may not be answered.
const READY: &[u8] = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Serves `run` with the certificate that is installed.
fn serve(workspace: &Workspace, settings: &[&str]) -> Served {
    let arguments =
        ["run", "--tls-certificate", "tls.crt", "--tls-key", "tls.key", "--set", "serve.poll_seconds=0.02"];
    Served::start(workspace, &[&arguments, settings].concat())
}

/// A workspace with a trained line and the certificate of an authority.
fn secured() -> (Workspace, Authority, Pair) {
    let (workspace, authority) = (trained(), Authority::new());
    let pair = authority.issue();
    pair.install(&workspace);
    (workspace, authority, pair)
}

/// The value of a metric, over the connection of `client`.
fn metric(client: &mut Client<Secure>, name: &str) -> i64 {
    let metrics = client.get("/metrics");
    let line = metrics.text().lines().find_map(|line| line.strip_prefix(name)).expect("the metric");
    line.trim().parse().expect("an integer")
}

/// Waits until `is_so`.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The certificate that the server showed.
fn shown(client: &Client<Secure>) -> &[u8] {
    client.stream().conn.peer_certificates().expect("certificates")[0].as_ref()
}

#[test]
fn https_answers_what_http_does_by_both_versions_of_tls() {
    let (workspace, authority, _) = secured();
    let expected = Served::start(&workspace, &["run"]).client().post(LINE, BODY);
    assert_eq!(expected.status, 200);
    let server = serve(&workspace, &[]);
    for version in rustls::ALL_VERSIONS {
        let mut client = authority.connect_by(&server.address, None, &[version]).expect("a connection");
        for _ in 0..3 {
            let answer = client.post(LINE, BODY);
            assert_eq!((answer.status, answer.text()), (200, expected.text()));
        }
        let connection = &client.stream().conn;
        assert_eq!(connection.protocol_version(), Some(version.version));
        assert_eq!(connection.alpn_protocol(), None, "the client named no protocol");
    }
    let error = Authority::new().connect(&server.address, None).err().expect("an unknown issuer");
    assert!(error.to_string().contains("invalid peer certificate"), "{error}");
}

#[test]
fn versions_of_tls_before_1_2_are_refused() {
    let (workspace, authority, _) = secured();
    let server = serve(&workspace, &[]);
    for minor in [1, 2] {
        let mut hello = vec![3, minor];
        hello.extend([7; 32]);
        // No session, the one cipher suite with elliptic curves, no compression.
        hello.extend([0, 0, 2, 0xc0, 0x13, 1, 0]);
        let length = hello.len() as u8;
        let record = [&[0x16, 3, 1, 0, length + 4, 1, 0, 0, length], hello.as_slice()].concat();
        let mut stream = TcpStream::connect(&server.address).expect("a connection");
        stream.write_all(&record).expect("it is written");
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).expect("the end");
        // A fatal alert (RFC 5246, 7.2.2) in place of a handshake.
        assert!(reply[0] == 0x15 && reply.len() == 7 && reply[5] == 2, "TLS 1.{}: {reply:?}", minor - 1);
    }
    assert_eq!(authority.connect(&server.address, None).expect("a connection").get("/readyz").status, 200);
}

#[test]
fn plain_http_and_noise_on_the_port_of_tls_hurt_nobody() {
    let (workspace, authority, _) = secured();
    let server = serve(&workspace, &["--set", "serve.limits.head_seconds=0.4"]);
    let mut open = authority.connect(&server.address, None).expect("a connection");
    let before = metric(&mut open, "taper_tls_failures_total");
    let noise: Vec<u8> = (0..5000_u32).map(|at| (at * 167 % 251) as u8).collect();
    let sent: [&[u8]; 5] =
        [READY, &noise, b"", b"\x16\x03\x01\x02\x00\x01", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"];
    for bytes in sent {
        let begun = Instant::now();
        let mut stream = TcpStream::connect(&server.address).expect("a connection");
        stream.write_all(bytes).expect("it is written");
        let mut reply = Vec::new();
        // The server may end the connection with a reset, because it has not read everything.
        let _ = stream.read_to_end(&mut reply);
        assert!(!reply.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&reply));
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }
    assert_eq!(open.post(LINE, BODY).status, 200);
    assert_eq!(authority.connect(&server.address, None).expect("a connection").post(LINE, BODY).status, 200);
    assert_eq!(metric(&mut open, "taper_tls_failures_total") - before, 5);
}

#[test]
fn clients_need_a_certificate_of_the_authority_that_is_named() {
    let (workspace, authority, _) = secured();
    let clients = Authority::new();
    workspace.file("clients.crt", clients.pem());
    let server = serve(&workspace, &["--set", "serve.tls.client_ca=clients.crt"]);
    let answered = |own: Option<&Pair>| {
        // By TLS 1.3, a client learns only after its first request that it is refused.
        let mut client = authority.connect(&server.address, own).ok()?;
        client.ask(READY).map(|answer| answer.status)
    };
    assert_eq!(answered(Some(&clients.issue())), Some(200));
    assert_eq!(answered(None), None, "no certificate");
    assert_eq!(answered(Some(&authority.issue())), None, "a certificate of another authority");
    assert_eq!(answered(Some(&clients.issue_until(2020))), None, "a certificate that has expired");
    assert_eq!(answered(Some(&clients.issue())), Some(200));
}

#[test]
fn a_new_certificate_is_for_new_connections_and_a_bad_one_for_none() {
    let (workspace, authority, first) = secured();
    let server = serve(&workspace, &[]);
    let connect = || authority.connect(&server.address, None).expect("a connection");
    let mut old = connect();
    assert_eq!(shown(&old), first.certificate.as_ref());
    let second = authority.issue_until(2081);
    // Between the two files, they do not belong together.
    let (certificate, key) = second.pem();
    replace(&workspace, "tls.crt", &certificate);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(shown(&connect()), first.certificate.as_ref());
    replace(&workspace, "tls.key", &key);
    until("the new certificate is not shown", || shown(&connect()) == second.certificate.as_ref());
    assert_eq!(old.post(LINE, BODY).status, 200);
    let seconds = metric(&mut old, "taper_tls_expires_seconds");
    let expected = rcgen::date_time_ymd(2081, 1, 1).unix_timestamp() - now();
    assert!((seconds - expected).abs() < 60, "{seconds} in place of {expected}");

    replace(&workspace, "tls.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    std::thread::sleep(Duration::from_millis(300));
    authority.issue_until(2020).install(&workspace);
    std::thread::sleep(Duration::from_millis(300));
    std::fs::remove_file(workspace.path("tls.crt")).expect("it is removed");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(shown(&connect()), second.certificate.as_ref());
    assert_eq!((connect().post(LINE, BODY).status, old.post(LINE, BODY).status), (200, 200));
    server.signal("TERM");
    let (status, log) = server.wait(Duration::from_secs(20));
    assert_eq!(status.code(), Some(0));
    let kept = "the certificate is unchanged: ";
    for reason in ["does not belong to the certificate", "is damaged", "expired", "tls.crt: cannot be opened"]
    {
        let is_reported = |line: &str| line.contains(kept) && line.contains("tls.") && line.contains(reason);
        assert!(log.lines().any(is_reported), "{reason}: {log}");
    }
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time");
    since.as_secs().cast_signed()
}

#[test]
fn certificates_that_cannot_be_used_are_explained_at_the_start() {
    let (workspace, authority, pair) = secured();
    let (certificate, key) = pair.pem();
    let (other_certificate, _) = authority.issue().pem();
    let (expired, key_of_expired) = authority.issue_until(2020).pem();
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let short = &certificate[..certificate.len() - 10];
    for (certificate, key, place, reason, remedy) in [
        (expired.as_str(), key_of_expired.as_str(), "tls.crt", "expired", "renew it"),
        (&other_certificate, &key, "tls.crt", "tls.key does not belong to the certificate", "use the key"),
        (&key, &key, "tls.crt", "holds no certificate in PEM", "-----BEGIN CERTIFICATE-----"),
        (&certificate, &certificate, "tls.key", "holds no private key in PEM", "-----BEGIN PRIVATE KEY-----"),
        (&certificate, encrypted, "tls.key", "is encrypted", "decrypt it"),
        (short, &key, "tls.crt", "is cut off", "copy it again"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            &key,
            "tls.crt",
            "is damaged",
            "issuer",
        ),
    ] {
        workspace.file("tls.crt", certificate);
        workspace.file("tls.key", key);
        let arguments = [
            "serve",
            "run",
            "--listen",
            "127.0.0.1:0",
            "--tls-certificate",
            "tls.crt",
            "--tls-key",
            "tls.key",
        ];
        let outcome = workspace.run(&arguments);
        let text = outcome.messages();
        assert_eq!(outcome.code, 2, "{text}");
        assert!([place, reason, remedy].iter().all(|part| text.contains(part)), "{place}, {reason}: {text}");
    }
    let outcome = workspace.run(&["serve", "run", "--tls-certificate", "tls.crt"]);
    assert!(outcome.code == 2 && outcome.stderr.contains("--tls-key"), "{}", outcome.stderr);
}
