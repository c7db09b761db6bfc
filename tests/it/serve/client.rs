//! A server in a process of its own, and connections to it that know no more of HTTP than they must.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::workspace::Workspace;

/// The arguments with which a server listens on a free port, and says so in JSON.
pub const ARGUMENTS: [&str; 5] = ["serve", "--listen", "127.0.0.1:0", "--format", "json"];

/// A running `taper serve`, which is killed when it is dropped.
pub struct Served {
    process: Child,
    /// Its address and port.
    pub address: String,
    /// The models with their versions, as its first line names them.
    pub models: Value,
    _stdout: BufReader<ChildStdout>,
}

/// A connection that is kept for further requests, by TCP or over TLS.
pub struct Client<S = TcpStream> {
    stream: BufReader<S>,
}

/// A reply.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Names in small letters, and values.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Served {
    /// Runs `taper serve` with `arguments` in `workspace`, on a free port, and waits until it is ready.
    pub fn start(workspace: &Workspace, arguments: &[&str]) -> Self {
        Self::start_with(workspace, arguments, &[])
    }

    /// The same, with variables in its environment.
    pub fn start_with(workspace: &Workspace, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = workspace.command(&[&ARGUMENTS, arguments].concat());
        Self::of(command.envs(environment.iter().copied()).stderr(Stdio::piped()))
    }

    /// Runs `command`, which serves with the arguments `ARGUMENTS`, and waits until it is ready.
    pub fn of(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut stdout = BufReader::new(process.stdout.take().expect("stdout"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line");
        let Ok(ready) = serde_json::from_str::<Value>(&line) else {
            panic!("not ready: {line:?}; {}", Self::stderr_of(&mut process));
        };
        let address = ready["url"].as_str().expect("a URL").replace("http://", "").replace("https://", "");
        Self { process, address, models: ready["models"].clone(), _stdout: stdout }
    }

    /// A connection to it.
    pub fn client(&self) -> Client {
        Client::connect(&self.address)
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Sends a signal.
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.id().to_string()]).status();
        assert!(status.expect("kill").success());
    }

    /// Waits until it has ended.
    pub fn wait(mut self, longest: Duration) -> (ExitStatus, String) {
        let end = Instant::now() + longest;
        loop {
            if let Some(status) = self.process.try_wait().expect("its status") {
                return (status, Self::stderr_of(&mut self.process));
            }
            assert!(Instant::now() < end, "still running after {longest:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn stderr_of(process: &mut Child) -> String {
        let mut text = String::new();
        if let Some(mut stderr) = process.stderr.take() {
            stderr.read_to_string(&mut text).expect("UTF-8");
        }
        text
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Client {
    /// A connection to `address`.
    pub fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a time limit");
        Self::over(stream)
    }
}

impl<S: Read + Write> Client<S> {
    /// A connection over `stream`.
    pub fn over(stream: S) -> Self {
        Self { stream: BufReader::new(stream) }
    }

    /// What it goes over.
    pub fn stream(&self) -> &S {
        self.stream.get_ref()
    }

    /// Sends a request and reads the reply.
    pub fn request(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nHost: taper\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        self.send(&[head.as_bytes(), body].concat());
        self.answer(method == "HEAD").expect("a reply")
    }

    /// Sends a JSON body to be predicted.
    pub fn post(&mut self, path: &str, body: &str) -> Answer {
        self.request("POST", path, &[], body.as_bytes())
    }

    /// Reads a page.
    pub fn get(&mut self, path: &str) -> Answer {
        self.request("GET", path, &[], b"")
    }

    /// Sends a whole request; `None` if the connection ends instead of a reply.
    pub fn ask(&mut self, request: &[u8]) -> Option<Answer> {
        self.stream.get_mut().write_all(request).ok()?;
        self.answer(false)
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).expect("it is written");
    }

    /// Reads the next reply; `None` if the connection ends before it.
    pub fn answer(&mut self, without_body: bool) -> Option<Answer> {
        let mut line = String::new();
        self.stream.read_line(&mut line).ok().filter(|count| *count > 0)?;
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).ok().filter(|count| *count > 0)?;
            match line.trim_end().split_once(": ") {
                Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
                None => break,
            }
        }
        let mut answer = Answer { status, headers, body: Vec::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().expect("a length"));
        answer.body.resize(if without_body { 0 } else { length }, 0);
        self.stream.read_exact(&mut answer.body).ok()?;
        Some(answer)
    }
}

impl Answer {
    /// The value of a header, whose name is in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}
