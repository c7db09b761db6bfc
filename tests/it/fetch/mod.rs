//! Fetching data sets from a server that truncates, corrupts, redirects, stalls and refuses.

mod program;
mod server;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use taper::Error;
use taper::data::{Loading, Unit};
use taper::internals::data::fetch::sources::{RemoteFile, Source};
use taper::internals::data::fetch::{Fetch, Patience};
use taper::internals::digest::sha256;
use taper::interrupt::Interrupt;

use server::{Answer, NOBODY, Request, Server};

/// Longer than a piece of a transfer.
const LENGTH: usize = 300_000;
const LOCK: &str = ".lock";

/// The content of the only file: bytes without a pattern.
fn content() -> Vec<u8> {
    (0..LENGTH as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// A data set of one file, `a.gz`, at these addresses.
fn source(addresses: &[&str], content: &[u8]) -> Source {
    let addresses: Vec<&str> = addresses.iter().map(|address| &*format!("{address}/").leak()).collect();
    let (length, sha256) = (content.len() as u64, sha256(content).leak());
    let files = vec![RemoteFile { name: "a.gz", length, sha256, content: None }];
    Source { name: "small", addresses: addresses.leak(), files: files.leak(), unpacked: &[] }
}

/// Fetches from these addresses into `folder`.
fn fetch(addresses: &[&str], folder: &Path) -> taper::Result<()> {
    fetch_under(addresses, folder, &Loading::default())
}

fn fetch_under(addresses: &[&str], folder: &Path, loading: &Loading) -> taper::Result<()> {
    let source = source(addresses, &content());
    Fetch { source: &source, mirror: None, patience: Patience::default(), loading }.into_folder(folder)
}

/// The names and lengths of the files of a folder, without the lock.
fn files(folder: &Path) -> BTreeMap<String, u64> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let entry = |entry: std::fs::DirEntry| {
        (entry.file_name().to_string_lossy().into_owned(), entry.metadata().expect("an entry").len())
    };
    entries.map(entry).filter(|(name, _)| name != LOCK).collect()
}

/// Expects that nothing but the right file is in the folder.
fn assert_right(folder: &Path) {
    assert_eq!(files(folder), BTreeMap::from([("a.gz".to_owned(), LENGTH as u64)]));
    assert_eq!(std::fs::read(folder.join("a.gz")).expect("the file"), content());
}

/// Expects an error whose list of hosts has these reasons in this order, and so many bytes in the part.
fn assert_failed(result: taper::Result<()>, reasons: &[&str], folder: &Path, part: Option<u64>) {
    let error = result.expect_err("an error");
    let Error::Missing { message, details, .. } = &error else { panic!("{error}") };
    assert_eq!((message.as_str(), details.len(), error.exit_code()), ("a.gz cannot be fetched", 2, 3));
    let parts: Vec<&str> =
        details[0].strip_prefix("tried: 127.0.0.1:").expect(&details[0]).split(", 127.0.0.1:").collect();
    assert_eq!(parts.len(), reasons.len(), "{}", details[0]);
    for (part, reason) in parts.iter().zip(reasons) {
        assert!(part.ends_with(&format!(" ({reason})")), "{part}: {reason}");
    }
    assert!(details[1].contains("by hand") && details[1].contains("TAPER_MIRROR"), "{}", details[1]);
    let expected = part.map(|length| ("a.gz.part".to_owned(), length));
    assert_eq!(files(folder), expected.into_iter().collect());
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn a_file_arrives_with_reports_and_is_not_fetched_again() {
    let server = Server::new(|request| Answer::file(&content(), request));
    let (folder, seen) = (folder(), std::sync::Arc::new(Mutex::new(Vec::new())));
    let kept = std::sync::Arc::clone(&seen);
    let loading = Loading::default().observed_by(move |report| {
        assert_eq!((report.unit, report.total), (Unit::Fetched, LENGTH as u64));
        kept.lock().expect("no panic").push(report.done);
    });
    let into = folder.path().join("new/small");
    fetch_under(&[&server.address], &into, &loading).expect("a file");
    assert_right(&into);
    let seen = seen.lock().expect("no panic");
    assert!(seen.is_sorted() && seen.last() == Some(&(LENGTH as u64)), "{seen:?}");
    fetch(&[NOBODY], &into).expect("the same file");
    assert_eq!(server.requests().len(), 1);
    assert_eq!((server.requests()[0].path.as_str(), server.requests()[0].from), ("/a.gz", None));
}

#[test]
fn a_truncated_transfer_is_continued_with_a_range() {
    let server = Server::new(|request| {
        let answer = Answer::file(&content(), request);
        if request.number == 0 { answer.truncated(100_000) } else { answer }
    });
    let folder = folder();
    fetch(&[&server.address], folder.path()).expect("a file");
    assert_right(folder.path());
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!((requests[1].from, requests[1].version.as_deref()), (Some(100_000), Some("\"one\"")));
}

#[test]
fn a_server_that_always_truncates_is_given_up_and_leaves_a_part() {
    let server = Server::new(|_| Answer::whole(&content()).truncated(100_000));
    let folder = folder();
    let failed = fetch(&[&server.address], folder.path());
    assert_failed(failed, &["connection lost after 100000 of 300000 bytes"], folder.path(), Some(100_000));
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_corrupted_file_is_deleted_and_another_mirror_is_tried() {
    let corrupted = || {
        let mut bytes = content();
        bytes[200_000] ^= 1;
        Answer::whole(&bytes)
    };
    let (bad, good) =
        (Server::new(move |_| corrupted()), Server::new(|request| Answer::file(&content(), request)));
    let folder = folder();
    assert_failed(fetch(&[&bad.address], folder.path()), &["its SHA-256 differs"], folder.path(), None);
    fetch(&[&bad.address, &good.address], folder.path()).expect("a file");
    assert_right(folder.path());
    assert_eq!((bad.requests().len(), good.requests().len()), (2, 1));
}

#[test]
fn redirects_are_followed_but_not_for_ever() {
    let server = Server::new(|request| match request.path.as_str() {
        "/a.gz" => Answer::redirect("/b/c.gz"),
        "/b/c.gz" => Answer::redirect("d.gz"),
        "/b/d.gz" => Answer::file(&content(), request),
        _ => Answer::redirect(&request.path),
    });
    let folder = folder();
    fetch(&[&server.address], folder.path()).expect("a file");
    assert_right(folder.path());
    let (empty, circle) = (self::folder(), format!("{}/circle", server.address));
    assert_failed(fetch(&[&circle], empty.path()), &["redirects more than 5 times"], empty.path(), None);
    assert_eq!(server.requests().len(), 3 + 6);
}

#[test]
fn a_stalled_transfer_is_given_up_and_continued_elsewhere() {
    let stalls = Server::new(|request| {
        Answer::file(&content(), request).stalled(100_000 * usize::from(request.number == 0))
    });
    let (folder, loading) = (folder(), Loading::default());
    let patience = Patience { silence: Duration::from_secs(2), ..Patience::default() };
    let source = source(&[&stalls.address], &content());
    let failed =
        Fetch { source: &source, mirror: None, patience, loading: &loading }.into_folder(folder.path());
    assert_failed(failed, &["no data for 2 s after 100000 of 300000 bytes"], folder.path(), Some(100_000));
    let good = Server::new(|request| Answer::file(&content(), request));
    fetch(&[&good.address], folder.path()).expect("a file");
    assert_right(folder.path());
    assert_eq!(good.requests()[0].from, Some(100_000));
}

#[test]
fn missing_pages_and_refused_connections_lead_to_the_next_mirror() {
    let missing = Server::new(|_| Answer::status("404 Not Found"));
    let folder = folder();
    let failed = fetch(&[&missing.address, NOBODY], folder.path());
    assert_failed(failed, &["404 Not Found", "connection refused"], folder.path(), None);
    let good = Server::new(|request| Answer::file(&content(), request));
    fetch(&[&missing.address, NOBODY, &good.address], folder.path()).expect("a file");
    assert_right(folder.path());
}

#[test]
fn a_file_of_another_length_is_refused_before_it_is_read() {
    let portal = Server::new(|_| Answer::whole(b"<html>Log in first</html>"));
    let folder = folder();
    let failed = fetch(&[&portal.address], folder.path());
    assert_failed(failed, &["has a file of 25 bytes, not 300000"], folder.path(), None);
}

#[test]
fn a_server_without_ranges_starts_again() {
    let server = Server::new(|_| Answer::whole(&content()));
    let folder = folder();
    std::fs::write(folder.path().join("a.gz.part"), &content()[..5000]).expect("a part");
    fetch(&[&server.address], folder.path()).expect("a file");
    assert_right(folder.path());
    assert_eq!((server.requests().len(), server.requests()[0].from), (1, Some(5000)));
}

#[test]
fn a_wrong_part_is_deleted_and_the_file_fetched_once_more() {
    for part in [vec![0; 5000], vec![0; LENGTH], vec![0; LENGTH + 1], content()] {
        let server = Server::new(|request| Answer::file(&content(), request));
        let folder = folder();
        std::fs::write(folder.path().join("a.gz.part"), &part).expect("a part");
        fetch(&[&server.address], folder.path()).expect("a file");
        assert_right(folder.path());
        let ranges: Vec<Option<usize>> = server.requests().iter().map(|request| request.from).collect();
        let expected: &[Option<usize>] = match part.len() {
            5000 => &[Some(5000), None],
            LENGTH if part == content() => &[],
            _ => &[None],
        };
        assert_eq!(ranges, expected);
    }
}

#[test]
fn another_file_of_that_name_is_left_alone() {
    let folder = folder();
    std::fs::write(folder.path().join("a.gz"), b"my own").expect("a file");
    let error = fetch(&[NOBODY], folder.path()).expect_err("another file");
    assert!(
        error.to_string().ends_with("a.gz: does not match the file of small; move it away and fetch again"),
        "{error}"
    );
    assert_eq!(files(folder.path()).len(), 1);
}

#[test]
fn a_signal_ends_a_stalled_transfer_and_keeps_the_part() {
    let server = Server::new(|request| Answer::file(&content(), request).stalled(100_000));
    let (folder, interrupt) = (folder(), Interrupt::default());
    let flag = interrupt.flag();
    let loading = Loading::new(interrupt).observed_by(move |report| {
        if report.done == 100_000 {
            flag.store(2, Ordering::Relaxed);
        }
    });
    let source = source(&[&server.address], &content());
    let patience = Patience { silence: Duration::from_mins(5), ..Patience::default() };
    let start = Instant::now();
    let fetch = Fetch { source: &source, mirror: None, patience, loading: &loading };
    let error = fetch.into_folder(folder.path()).expect_err("a signal");
    assert!(matches!(error, Error::StoppedReading(2)), "{error}");
    assert!(start.elapsed() < Duration::from_mins(2));
    assert_eq!(files(folder.path()), BTreeMap::from([("a.gz.part".to_owned(), 100_000)]));
}

#[test]
fn of_two_at_once_the_second_waits_and_finds_the_files() {
    let server = Server::new(|request| Answer::file(&content(), request));
    let folder = folder();
    let (address, path) = (server.address.as_str(), folder.path());
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(move || fetch(&[address], path))).collect();
        for thread in threads {
            thread.join().expect("no panic").expect("a file");
        }
    });
    assert_right(folder.path());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn the_mirror_of_the_user_comes_first_with_a_folder_for_each_set() {
    let server = Server::new(|request| Answer::file(&content(), request));
    let (folder, loading) = (folder(), Loading::default());
    let source = source(&[NOBODY], &content());
    let mirror = format!("{}/mirror/", server.address);
    let fetch =
        Fetch { source: &source, mirror: Some(&mirror), patience: Patience::default(), loading: &loading };
    fetch.into_folder(folder.path()).expect("a file");
    assert_right(folder.path());
    assert_eq!(server.requests()[0].path, "/mirror/small/a.gz");
}

#[test]
fn an_archive_is_unpacked_and_deleted() {
    let archive = archive(&[("batch/one.bin", b"1"), ("batch/readme", b"r"), ("batch/two.bin", b"22")]);
    let served = archive.clone();
    let server = Server::new(move |request: &Request| Answer::file(&served, request));
    let (folder, loading) = (folder(), Loading::default());
    let source = Source { unpacked: &["one.bin", "two.bin"], ..source(&[&server.address], &archive) };
    let fetch = Fetch { source: &source, mirror: None, patience: Patience::default(), loading: &loading };
    fetch.into_folder(folder.path()).expect("two files");
    fetch.into_folder(folder.path()).expect("the same two files");
    let expected = [("one.bin".to_owned(), 1), ("two.bin".to_owned(), 2)];
    assert_eq!(files(folder.path()), BTreeMap::from(expected));
    assert_eq!(server.requests().len(), 1);
}

/// A gzipped tar archive.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (name, content) in files {
        let mut header = [0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        header[156] = b'0';
        tar.extend_from_slice(&header);
        tar.extend_from_slice(content);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, &tar).expect("an archive");
    encoder.finish().expect("an archive")
}
