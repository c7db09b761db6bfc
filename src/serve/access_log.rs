//! The access log: one line of JSON per request, without its content.

use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::config::AccessLog;
use super::metrics::{APIS, Metrics};
use super::service::Record;

/// The maximum number of lines that wait to be written. Further ones are dropped and counted, so a slow
/// terminal never slows requests down.
const WAITING: usize = 8_192;

/// A request that was answered.
pub struct Line {
    /// The identifier in `X-Request-Id`.
    pub id: String,
    /// The identifier of the trace that it belongs to.
    pub trace: Option<String>,
    /// The client's address.
    pub peer: String,
    /// The name of its token.
    pub token: Option<String>,
    /// The HTTP method.
    pub method: String,
    /// What the request was for.
    pub record: Record,
    /// Bytes of its body.
    pub received: usize,
    /// Bytes of the reply's body.
    pub sent: usize,
    /// The status code.
    pub status: u16,
    /// The time from its head to the reply.
    pub time: Duration,
}

/// Where lines go.
pub struct Log {
    which: AccessLog,
    /// Lines with the time of the reply: they may be written later.
    lines: Option<SyncSender<(SystemTime, Line)>>,
    metrics: Arc<Metrics>,
}

impl Log {
    /// A log of `which` requests on stderr, written by its own thread.
    #[must_use]
    pub fn new(which: AccessLog, metrics: Arc<Metrics>) -> Self {
        let lines = (which != AccessLog::Off).then(|| {
            let (sender, receiver) = sync_channel::<(SystemTime, Line)>(WAITING);
            let mut writer = Writer { to: std::io::stderr(), cut: false };
            let lost = Arc::clone(&metrics);
            let write = move || {
                for (time, line) in receiver {
                    if !writer.write(&line.json(time).to_string()) {
                        lost.lost_log_lines.add(1);
                    }
                }
            };
            std::thread::Builder::new().name("taper-access-log".to_owned()).spawn(write).map(|_| sender).ok()
        });
        Self { which, lines: lines.flatten(), metrics }
    }

    /// Adds the line of a request, if it is logged.
    pub fn write(&self, line: impl FnOnce() -> Line) {
        let Some(lines) = &self.lines else { return };
        let line = line();
        if self.which == AccessLog::Errors && line.status < 400 {
            return;
        }
        if lines.try_send((SystemTime::now(), line)).is_err() {
            self.metrics.lost_log_lines.add(1);
        }
    }
}

/// Writes lines, each in one piece: stderr is not buffered, so each of the many parts of a line would be a
/// system call.
struct Writer<W> {
    to: W,
    /// Whether the last line may have been cut off.
    cut: bool,
}

impl<W: Write> Writer<W> {
    /// Writes a line; returns whether all of it was written.
    fn write(&mut self, line: &str) -> bool {
        // Ends a line that was cut off, so that this one starts on its own line.
        let end = if self.cut { "\n" } else { "" };
        let written = self.to.write_all(format!("{end}{line}\n").as_bytes());
        self.cut = written.is_err();
        written.is_ok()
    }
}

impl Line {
    fn json(&self, time: SystemTime) -> serde_json::Value {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let time = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let Record { api, route, model, version, samples, parsed, computed } = &self.record;
        let computed = computed.map(|(waited, computed, batch)| (micros(waited), micros(computed), batch));
        json!({
            "event": "request",
            "time": time.as_secs_f64(),
            "id": self.id,
            "trace": self.trace,
            "peer": self.peer,
            "token": self.token,
            "method": self.method,
            "api": APIS[*api as usize],
            "route": route,
            "model": model,
            "version": version,
            "samples": samples,
            "bytes_in": self.received,
            "bytes_out": self.sent,
            "status": self.status,
            "parse_us": micros(*parsed),
            "queue_us": computed.map(|found| found.0),
            "compute_us": computed.map(|found| found.1),
            "batch": computed.map(|found| found.2),
            "total_us": micros(self.time),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// A disk with room for some bytes, which counts the writes.
    struct Disk {
        content: Vec<u8>,
        room: usize,
        writes: usize,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.writes += 1;
            let count = bytes.len().min(self.room);
            if count == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.room -= count;
            self.content.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_is_one_write_and_one_that_was_cut_off_does_not_spoil_the_next() {
        let disk = Disk { content: Vec::new(), room: 12, writes: 0 };
        let mut writer = Writer { to: disk, cut: false };
        assert!(writer.write("first"));
        assert_eq!(writer.to.writes, 1);
        assert!(!writer.write("second"));
        writer.to.room = 100;
        assert!(writer.write("fourth"));
        assert_eq!(writer.to.content, b"first\nsecond\nfourth\n");
    }
}
