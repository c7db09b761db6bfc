//! A small HTTP server on 127.0.0.1 that does what a test asks of it, and a proxy that passes on what it is sent.

use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What a client asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// Such as `/mnist/a.gz`; of a proxy the target.
    pub path: String,
    /// From which byte on, if a range was asked for.
    pub from: Option<usize>,
    /// The `If-Range` header.
    pub version: Option<String>,
    /// How many requests came before it.
    pub number: usize,
}

/// What a server sends.
pub struct Answer {
    head: String,
    body: Vec<u8>,
    /// Whether the connection then stays open without a byte.
    stalls: bool,
}

impl Answer {
    /// A status without content.
    pub fn status(status: &str) -> Self {
        Self { head: format!("{status}\r\nContent-Length: 0"), body: Vec::new(), stalls: false }
    }

    /// All of `content`, whatever range was asked for.
    pub fn whole(content: &[u8]) -> Self {
        let head = format!("200 OK\r\nContent-Length: {}\r\nETag: \"one\"", content.len());
        Self { head, body: content.to_vec(), stalls: false }
    }

    /// What of `content` was asked for.
    pub fn file(content: &[u8], request: &Request) -> Self {
        let is_same = request.version.as_ref().is_none_or(|version| version == "\"one\"");
        match request.from.filter(|_| is_same) {
            None => Self::whole(content),
            Some(from) if from >= content.len() => Self::status("416 Range Not Satisfiable"),
            Some(from) => {
                let (length, last) = (content.len() - from, content.len() - 1);
                let range = format!("Content-Range: bytes {from}-{last}/{}", content.len());
                let head =
                    format!("206 Partial Content\r\nContent-Length: {length}\r\n{range}\r\nETag: \"one\"");
                Self { head, body: content[from..].to_vec(), stalls: false }
            }
        }
    }

    pub fn redirect(to: &str) -> Self {
        Self::status(&format!("302 Found\r\nLocation: {to}"))
    }

    /// The same, but the connection is closed after so many bytes.
    pub fn truncated(mut self, bytes: usize) -> Self {
        self.body.truncate(bytes);
        self
    }

    /// The same, but nothing comes after so many bytes.
    pub fn stalled(self, bytes: usize) -> Self {
        Self { stalls: true, ..self.truncated(bytes) }
    }
}

/// A server, which answers until the test ends.
pub struct Server {
    pub address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub fn new(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::listen(move |request, mut stream| {
            let answer = answer(&request);
            // A client that has what it wants may hang up.
            let head = format!("HTTP/1.1 {}\r\nConnection: close\r\n\r\n", answer.head);
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&answer.body));
            let _ = stream.flush();
            if answer.stalls {
                // Until the client hangs up.
                let _ = stream.set_read_timeout(Some(Duration::from_mins(2)));
                let _ = stream.read(&mut [0]);
            }
        })
    }

    /// A proxy that leads every CONNECT to `target`.
    pub fn proxy(target: &str) -> Self {
        let target = target.trim_start_matches("http://").to_owned();
        Self::listen(move |_, mut client| {
            let mut server = TcpStream::connect(&target).expect("the target");
            client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").expect("the client listens");
            let (mut from, mut to) =
                (client.try_clone().expect("a clone"), server.try_clone().expect("a clone"));
            thread::spawn(move || io::copy(&mut from, &mut to));
            let _ = io::copy(&mut server, &mut client);
            let _ = client.shutdown(std::net::Shutdown::Both);
        })
    }

    fn listen(serve: impl Fn(Request, TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (kept, serve) = (Arc::clone(&requests), Arc::new(serve));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, serve) = (Arc::clone(&kept), Arc::clone(&serve));
                thread::spawn(move || {
                    if let Some(request) = read(&stream, &kept) {
                        serve(request, stream);
                    }
                });
            }
        });
        Self { address, requests }
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no panic").clone()
    }
}

/// Reads a request and notes it.
fn read(stream: &TcpStream, kept: &Mutex<Vec<Request>>) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let header = |name: &str| {
        headers.iter().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let range = header("range");
    let from = range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let mut kept = kept.lock().expect("no panic");
    let request = Request { method, path, from, version: header("if-range"), number: kept.len() };
    kept.push(request.clone());
    Some(request)
}

/// An address at which nothing listens: a port that no system gives out.
pub const NOBODY: &str = "http://127.0.0.1:1";
