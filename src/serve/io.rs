//! A socket for hyper that records what the connection is doing.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// The bytes that are read at once.
const CHUNK: usize = 16 << 10;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Nothing has arrived since the last reply.
    Idle,
    /// The head of a request arrives.
    Head,
    /// A request is read and answered, within limits of its own.
    Answer,
    /// The reply is written.
    Write,
    /// The reply is written, and the rest of what the client sends is thrown away.
    Close,
}

/// The phase of a connection and the time at which it began, shared by its socket, its requests, and the code
/// that ends it.
#[derive(Debug)]
pub struct Activity {
    phase: AtomicU8,
    /// Microseconds since `start`.
    since: AtomicU64,
    start: Instant,
    /// Whether part of the request was left unread.
    unread: AtomicBool,
    /// Whether the client stopped reading.
    stalled: AtomicBool,
}

impl Activity {
    /// A connection that was just accepted.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            phase: AtomicU8::new(Phase::Idle as u8),
            since: AtomicU64::new(0),
            start: Instant::now(),
            unread: AtomicBool::new(false),
            stalled: AtomicBool::new(false),
        })
    }

    /// Enters `phase` now.
    pub fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
        let since = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.since.store(since, Ordering::Relaxed);
    }

    /// Records that a reply is sent before the whole request has been read.
    pub fn leave_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    /// Records that the client has stopped reading.
    pub fn leave_unwritten(&self) {
        self.stalled.store(true, Ordering::Relaxed);
    }

    /// The phase, and when it began or, while a reply is written, when something was last written.
    #[must_use]
    pub fn now(&self) -> (Phase, Instant) {
        let phase = match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Idle,
            1 => Phase::Head,
            2 => Phase::Answer,
            3 => Phase::Write,
            _ => Phase::Close,
        };
        (phase, self.start + Duration::from_micros(self.since.load(Ordering::Relaxed)))
    }
}

/// A connection by TCP, or over TLS.
pub trait Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// The connection by TCP.
    fn tcp(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// A socket.
pub struct Io<S: Socket> {
    socket: S,
    activity: Arc<Activity>,
    /// A buffer between tokio and hyper: safe code cannot hand hyper's own buffer to tokio.
    chunk: Box<[u8]>,
    flushed: bool,
}

impl<S: Socket> Io<S> {
    /// A `socket` whose phases are recorded in `activity`.
    pub fn new(socket: S, activity: Arc<Activity>) -> Self {
        Self { socket, activity, chunk: vec![0; CHUNK].into_boxed_slice(), flushed: true }
    }
}

impl<S: Socket> Read for Io<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut to: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let most = to.remaining().min(this.chunk.len());
        let mut buffer = ReadBuf::new(&mut this.chunk[..most]);
        let (phase, _) = this.activity.now();
        match Pin::new(&mut this.socket).poll_read(context, &mut buffer) {
            Poll::Ready(Ok(())) => {
                let read = buffer.filled();
                if !read.is_empty() && matches!(phase, Phase::Idle | Phase::Write) {
                    this.activity.enter(Phase::Head);
                }
                to.put_slice(read);
                Poll::Ready(Ok(()))
            }
            Poll::Pending => {
                if phase == Phase::Write && this.flushed {
                    this.activity.enter(Phase::Idle);
                }
                Poll::Pending
            }
            failed @ Poll::Ready(Err(_)) => failed,
        }
    }
}

impl<S: Socket> Write for Io<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.socket).poll_write(context, bytes);
        this.note(&written);
        written
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.socket).poll_write_vectored(context, parts);
        this.note(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.socket).poll_flush(context);
        this.flushed = flushed.is_ready();
        flushed
    }

    /// Ends the connection. If the client may still be sending, what it sends is read first: the system
    /// answers unread data with a reset, which makes the client lose the reply.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let (phase, _) = this.activity.now();
        if phase != Phase::Close {
            ready!(Pin::new(&mut this.socket).poll_shutdown(context))?;
            if phase != Phase::Head && !this.activity.unread.load(Ordering::Relaxed) {
                return Poll::Ready(Ok(()));
            }
            this.activity.enter(Phase::Close);
        }
        loop {
            let mut buffer = ReadBuf::new(&mut this.chunk);
            ready!(Pin::new(&mut this.socket).poll_read(context, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: Socket> Drop for Io<S> {
    /// Resets the connection of a client that stopped reading: otherwise the system would keep the unread
    /// data, which can be megabytes, and try to send it for minutes.
    fn drop(&mut self) {
        if self.activity.stalled.load(Ordering::Relaxed) {
            let _ = self.socket.tcp().set_zero_linger();
        }
    }
}

impl<S: Socket> Io<S> {
    /// Records a write; each one that succeeds restarts the timer for the next.
    fn note(&mut self, written: &Poll<io::Result<usize>>) {
        self.flushed = false;
        if matches!(written, Poll::Ready(Ok(_))) && self.activity.now().0 == Phase::Write {
            self.activity.enter(Phase::Write);
        }
    }
}
