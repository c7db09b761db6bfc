//! Connections that send the same request again and again.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// A whole HTTP request.
#[derive(Clone)]
pub struct Request {
    /// Head and body.
    pub bytes: Rc<Vec<u8>>,
}

/// A whole HTTP reply.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// The length of the JSON before binary data.
    pub json_length: Option<usize>,
    pub body: Vec<u8>,
}

/// What was measured.
#[derive(Default)]
pub struct Measured {
    /// The time of each request in nanoseconds, in ascending order.
    pub times: Vec<u32>,
    pub seconds: f64,
    /// Replies that are not what they should be.
    pub wrong: u64,
    /// Connections that broke.
    pub failed: u64,
}

impl Request {
    /// A POST to `path`, with more `headers`.
    pub fn post(address: &str, path: &str, headers: &str, body: &[u8]) -> Self {
        let length = body.len();
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\n{headers}\r\n");
        Self { bytes: Rc::new([head.as_bytes(), body].concat()) }
    }
}

/// Sends requests over `connections` for `time`, each of which sends one of `requests` again and again; `check` decides
/// whether the reply to a request is right. Replies with the same bytes as the last right one are not checked again.
pub fn drive(
    address: &str,
    requests: &[Request],
    connections: usize,
    time: Duration,
    check: &Rc<impl Fn(usize, &Reply) -> bool + 'static>,
) -> Measured {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let measured = Rc::new(RefCell::new(Measured::default()));
    let right = Rc::new(RefCell::new(vec![Vec::new(); requests.len()]));
    let start = Instant::now();
    let tasks = LocalSet::new();
    for connection in 0..connections {
        let at = connection % requests.len();
        let (address, request, measured) = (address.to_owned(), requests[at].clone(), Rc::clone(&measured));
        let (check, right) = (Rc::clone(check), Rc::clone(&right));
        tasks.spawn_local(async move {
            let mut stream = TcpStream::connect(&address).await.expect("a connection");
            stream.set_nodelay(true).expect("no delay");
            let mut buffer = Vec::new();
            while start.elapsed() < time {
                let sent = Instant::now();
                let Some(reply) = exchange(&mut stream, &request.bytes, &mut buffer).await else {
                    measured.borrow_mut().failed += 1;
                    return;
                };
                let taken = sent.elapsed();
                let mut measured = measured.borrow_mut();
                if right.borrow()[at] != reply.body {
                    if !check(at, &reply) {
                        measured.wrong += 1;
                        continue;
                    }
                    right.borrow_mut()[at] = reply.body;
                }
                measured.times.push(u32::try_from(taken.as_nanos()).unwrap_or(u32::MAX));
            }
        });
    }
    runtime.block_on(tasks);
    let mut measured = measured.take();
    measured.seconds = start.elapsed().as_secs_f64();
    measured.times.sort_unstable();
    measured
}

/// Sends a request and reads the reply; `None` if the connection breaks.
async fn exchange(stream: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) -> Option<Reply> {
    let mut sent = 0;
    while sent < request.len() {
        match stream.try_write(&request[sent..]) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => stream.writable().await.ok()?,
            Err(_) => return None,
        }
    }
    buffer.clear();
    let mut chunk = vec![0; 16 << 10];
    let mut head: Option<(usize, usize)> = None;
    loop {
        if head.is_none()
            && let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n")
        {
            let length = header(buffer, "content-length")?;
            head = Some((end + 4, length));
        }
        if let Some((start, length)) = head
            && buffer.len() >= start + length
        {
            let status = std::str::from_utf8(buffer.get(9..12)?).ok()?.parse().ok()?;
            let json_length = header(&buffer[..start], "inference-header-content-length");
            return Some(Reply { status, json_length, body: buffer[start..start + length].to_vec() });
        }
        match stream.try_read(&mut chunk) {
            Ok(0) => return None,
            Ok(count) => buffer.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => stream.readable().await.ok()?,
            Err(_) => return None,
        }
    }
}

/// The number in a header.
fn header(head: &[u8], name: &str) -> Option<usize> {
    let end = head.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(head.len());
    let text = std::str::from_utf8(&head[..end]).ok()?;
    let mut lines = text.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(found, _)| found.eq_ignore_ascii_case(name))?.1.trim().parse().ok()
}
