//! Tells systemd when the server is ready, that it still works, and when it stops, if a unit with
//! `Type=notify` started it.
//!
//! The protocol is that of `sd_notify(3)`: lines such as `READY=1`, in one datagram to the socket that the
//! environment variable `NOTIFY_SOCKET` names. A server works no matter how it was started, so nothing here
//! is an error: a message that cannot be sent is dropped.

use std::ffi::OsStr;
use std::time::{Duration, Instant};

/// Where notifications go, if anywhere.
#[derive(Clone, Debug, Default)]
pub struct Notifier {
    #[cfg(unix)]
    address: Option<std::os::unix::net::SocketAddr>,
}

/// Watchdog messages, as often as the unit's `WatchdogSec` demands.
#[derive(Debug)]
pub struct Watchdog {
    interval: Option<Duration>,
    next: Instant,
}

impl Notifier {
    /// The socket that `NOTIFY_SOCKET` names.
    #[must_use]
    pub fn from_environment() -> Self {
        std::env::var_os("NOTIFY_SOCKET").map_or_else(Self::default, |name| Self::to(&name))
    }

    /// The server takes requests.
    pub fn ready(&self) {
        self.send("READY=1");
    }

    /// The server reads its tokens and its certificate again; [`ready`](Self::ready) follows.
    pub fn reloading(&self) {
        self.send("RELOADING=1");
    }

    /// The server answers what is in flight, and ends.
    pub fn stopping(&self) {
        self.send("STOPPING=1");
    }
}

#[cfg(unix)]
impl Notifier {
    /// The socket called `name`: a path, or `@` and an abstract name (Linux).
    fn to(name: &OsStr) -> Self {
        use std::os::unix::ffi::OsStrExt as _;
        use std::os::unix::net::SocketAddr;
        let address = match name.as_bytes() {
            [b'@', name @ ..] => without_a_file(name),
            [b'/', ..] => SocketAddr::from_pathname(name).ok(),
            _ => None,
        };
        Self { address }
    }

    fn send(&self, lines: &str) {
        let Some(address) = &self.address else { return };
        let sent = std::os::unix::net::UnixDatagram::unbound().and_then(|socket| {
            // A manager that reads nothing must not hold up the server.
            socket.set_nonblocking(true)?;
            socket.send_to_addr(lines.as_bytes(), address)
        });
        if let Err(error) = sent {
            tracing::debug!("{lines} could not be sent to NOTIFY_SOCKET: {error}");
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn without_a_file(name: &[u8]) -> Option<std::os::unix::net::SocketAddr> {
    use std::os::linux::net::SocketAddrExt as _;
    std::os::unix::net::SocketAddr::from_abstract_name(name).ok()
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn without_a_file(_name: &[u8]) -> Option<std::os::unix::net::SocketAddr> {
    None
}

#[cfg(not(unix))]
impl Notifier {
    fn to(_name: &OsStr) -> Self {
        Self::default()
    }

    fn send(&self, _lines: &str) {}
}

impl Watchdog {
    /// The interval that `WATCHDOG_USEC` demands of this process.
    #[must_use]
    pub fn from_environment() -> Self {
        let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let is_for_another = number("WATCHDOG_PID").is_some_and(|id| id != u64::from(std::process::id()));
        let longest = number("WATCHDOG_USEC").filter(|micros| *micros > 0 && !is_for_another);
        Self::every(longest.map(Duration::from_micros))
    }

    /// Two watchdog messages per `longest`.
    fn every(longest: Option<Duration>) -> Self {
        Self { interval: longest.map(|longest| longest / 2), next: Instant::now() }
    }

    /// Sends a watchdog message if one is due and the server `works`; without it, systemd restarts the
    /// server.
    pub fn beat(&mut self, notifier: &Notifier, now: Instant, works: impl FnOnce() -> bool) {
        let Some(interval) = self.interval else { return };
        if now < self.next {
            return;
        }
        self.next = now + interval;
        if works() {
            notifier.send("WATCHDOG=1");
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;

    fn received(socket: &UnixDatagram) -> Option<String> {
        let mut buffer = [0; 64];
        socket.set_nonblocking(true).ok()?;
        let length = socket.recv(&mut buffer).ok()?;
        Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
    }

    #[test]
    fn a_socket_with_a_path_receives_each_state() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let notifier = Notifier::to(path.as_os_str());
        notifier.ready();
        notifier.reloading();
        notifier.stopping();
        for state in ["READY=1", "RELOADING=1", "STOPPING=1"] {
            assert_eq!(received(&socket).as_deref(), Some(state));
        }
        assert_eq!(received(&socket), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_socket_without_a_file_receives_as_well() {
        use std::os::linux::net::SocketAddrExt as _;
        let name = format!("taper-notify-{}", std::process::id());
        let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        Notifier::to(OsStr::new(&format!("@{name}"))).ready();
        assert_eq!(received(&socket).as_deref(), Some("READY=1"));
    }

    #[test]
    fn nobody_listening_and_a_reader_that_never_reads_hold_nothing_up() {
        Notifier::default().ready();
        for name in ["", "@", "/nowhere/notify", "vsock:2:1234", "relative"] {
            Notifier::to(OsStr::new(name)).ready();
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let _never_read = UnixDatagram::bind(&path).unwrap();
        let notifier = Notifier::to(path.as_os_str());
        for _ in 0..10_000 {
            notifier.ready();
        }
    }

    #[test]
    fn a_watchdog_hears_twice_in_its_time_from_a_server_that_works() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let notifier = Notifier::to(path.as_os_str());
        let mut watchdog = Watchdog::every(Some(Duration::from_secs(30)));
        let start = watchdog.next;
        let mut beats = 0;
        for second in 0..60 {
            watchdog.beat(&notifier, start + Duration::from_secs(second), || true);
            beats += usize::from(received(&socket).as_deref() == Some("WATCHDOG=1"));
        }
        assert_eq!(beats, 4);
        watchdog.beat(&notifier, start + Duration::from_mins(1), || false);
        assert_eq!(received(&socket), None);
        Watchdog::every(None).beat(&notifier, start, || true);
        assert_eq!(received(&socket), None);
    }
}
