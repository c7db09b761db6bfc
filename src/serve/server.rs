//! Accepts connections, and shuts down gracefully.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::access_log::Log;
use super::auth::Tokens;
use super::compute;
use super::config::Config;
use super::connection;
use super::metrics::Metrics;
use super::notify::{Notifier, Watchdog};
use super::queue::{Capacity, Queue};
use super::registry::{Registry, Served};
use super::service::Service;
use super::shared::Shared;
use super::tls::Certificate;
use super::upkeep::{self, Stamps};
use super::watch::Watcher;
use crate::engine::SharedTeam;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::threads;

/// How often the server checks whether to stop, and whether it has finished. It must report that it is not
/// ready within 50 ms; each check wakes a thread.
const LOOK: Duration = Duration::from_millis(25);

/// The minimum interval between log lines about connections that cannot be accepted, a state that may last
/// for hours.
const WARN: Duration = Duration::from_mins(1);

/// A server whose models are loaded and whose socket listens.
pub struct Server {
    shared: Arc<Shared>,
    listener: StdListener,
    watcher: Watcher,
    compute: JoinHandle<()>,
    interrupt: Interrupt,
    files: Stamps,
}

impl Server {
    /// Listens, loads and warms up all models; `interrupt` will stop it. Connections wait until [`run`](Self::run).
    ///
    /// # Errors
    /// [`Error::Usage`] if tokens or certificates cannot be used; [`Error::Checkpoint`] if a model cannot be loaded;
    /// [`Error::Io`] if the address cannot be listened on.
    pub fn start(config: Config, interrupt: Interrupt) -> Result<Self> {
        let listener = listen(config.address().map_err(Error::Usage)?)?;
        let files = upkeep::stamps(&config);
        let certificate = config.tls.as_ref().map(Certificate::read).transpose()?;
        let tokens = config.auth.tokens.as_deref().map(Tokens::read).transpose()?;
        let metrics = Arc::new(Metrics::new(config.models.keys()));
        metrics.tls_valid_until.set(certificate.as_ref().map_or(0, Certificate::valid_until));
        let registry = Arc::new(Registry::new(&config.models));
        let team = SharedTeam::new(threads::count());
        team.set_spin_time(compute::SPIN_TIME);
        let mut watcher = Watcher::new(Arc::clone(&registry), Arc::clone(&metrics), team);
        watcher.load_all()?;
        let batching = &config.batching;
        let capacity = Capacity { jobs: batching.queue, bytes: batching.queue_bytes };
        let queue = Arc::new(Queue::new(capacity));
        let compute = compute::start(Arc::clone(&queue), Arc::clone(&metrics))?;
        let log = Log::new(config.access_log, Arc::clone(&metrics));
        let seed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let ids = (seed.as_nanos() as u64 ^ u64::from(std::process::id()) << 20, AtomicU64::new(1));
        let service = Service::new(config, registry, queue, metrics);
        let notifier = Notifier::from_environment();
        let shared = Arc::new(Shared { service, tokens, log, certificate, ids, notifier });
        Ok(Self { shared, listener, watcher, compute, interrupt, files })
    }

    /// The address that it listens on, with the port that was free if 0 was given.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        // A socket that listens has an address.
        self.listener.local_addr().unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)))
    }

    /// Whether it uses TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.shared.certificate.is_some()
    }

    /// The models by name, each with its latest version.
    #[must_use]
    pub fn models(&self) -> Vec<(String, u64)> {
        let latest = |model: &Served| {
            let number = model.state().versions.last().map_or(0, |version| version.number);
            (model.name.clone(), number)
        };
        self.shared.service.registry.all().map(latest).collect()
    }

    /// Serves until it is interrupted and all that was in flight is answered. If systemd started the process,
    /// it is notified when the server is ready, that it still works, and when it stops.
    ///
    /// # Errors
    /// [`Error::Threads`] if the system refuses threads.
    pub fn run(self) -> Result<()> {
        let Self { shared, listener, watcher, compute, interrupt, files } = self;
        let workers = (threads::available() / 2).max(1);
        let refused = |error: std::io::Error| Error::Threads { threads: workers, reason: error.to_string() };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .thread_name("taper-io")
            .enable_all()
            .build()
            .map_err(refused)?;
        upkeep::start(watcher, Arc::clone(&shared), interrupt.clone(), files)?;
        runtime.block_on(accept(listener, Arc::clone(&shared), interrupt))?;
        runtime.shutdown_timeout(Duration::from_millis(100));
        shared.service.queue.stop();
        // It may be computing a result that no client waits for any more.
        if compute.is_finished() || shared.service.queue.size().0 == 0 {
            let _ = compute.join();
        }
        Ok(())
    }
}

/// Listens on `address`.
fn listen(address: SocketAddr) -> Result<StdListener> {
    let refused = |error: std::io::Error| {
        let message = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                format!(
                    "cannot listen on {address}: the port is in use; stop the other program, or choose another port"
                )
            }
            std::io::ErrorKind::PermissionDenied => {
                format!("cannot listen on {address}: not permitted; ports below 1024 need special privileges")
            }
            _ => format!("cannot listen on {address}: {error}"),
        };
        Error::Listen(message)
    };
    let listener = StdListener::bind(address).map_err(refused)?;
    listener.set_nonblocking(true).map_err(refused)?;
    Ok(listener)
}

/// Accepts connections until `interrupt`, and waits for those that are open.
async fn accept(listener: StdListener, shared: Arc<Shared>, interrupt: Interrupt) -> Result<()> {
    let listener = TcpListener::from_std(listener).map_err(|error| Error::Listen(error.to_string()))?;
    let (draining, drain) = watch::channel(false);
    let config = &shared.service.config;
    let mut watchdog = Watchdog::from_environment();
    let mut beat = || watchdog.beat(&shared.notifier, Instant::now(), || shared.service.is_alive());
    let (mut stop_at, mut warned): (Option<Instant>, Option<Instant>) = (None, None);
    shared.notifier.ready();
    loop {
        beat();
        if stop_at.is_none() && interrupt.signal().is_some() {
            shared.service.drain();
            shared.notifier.stopping();
            stop_at = Some(Instant::now() + Duration::from_secs_f64(config.drain_delay));
        }
        // A last call after the end accepts the connections still in the system's queue.
        let last = stop_at.is_some_and(|stop| Instant::now() >= stop);
        match timeout(if last { Duration::from_millis(1) } else { LOOK }, listener.accept()).await {
            Ok(Ok((socket, peer))) => open(socket, peer, &shared, drain.clone()),
            Ok(Err(error)) => {
                // Too many open files, for example: those that are open may end soon.
                if warned.is_none_or(|warned| warned.elapsed() > WARN) {
                    tracing::warn!("cannot accept connections, which have to wait: {error}");
                    warned = Some(Instant::now());
                }
                sleep(LOOK).await;
            }
            Err(_) if last => break,
            Err(_) => {}
        }
    }
    drop(listener);
    let _ = draining.send(true);
    let end = Instant::now() + Duration::from_secs_f64(config.drain_timeout);
    while shared.service.metrics.connections.get() > 0 && Instant::now() < end {
        beat();
        sleep(LOOK).await;
    }
    let left = shared.service.metrics.connections.get();
    if left > 0 {
        tracing::warn!("{left} connections were closed after `serve.drain_timeout`");
    }
    Ok(())
}

/// Serves a connection on its own task, unless there are too many.
fn open(socket: TcpStream, peer: SocketAddr, shared: &Arc<Shared>, drain: watch::Receiver<bool>) {
    let metrics = &shared.service.metrics;
    let limits = &shared.service.config.limits;
    if metrics.connections.get() >= limits.connections as u64 {
        metrics.rejected_connections.add(1);
        return;
    }
    metrics.connections.add(1);
    // Replies are written in one piece, and wait for nothing.
    let _ = socket.set_nodelay(true);
    let (shared, peer) = (Arc::clone(shared), Arc::<str>::from(peer.to_string()));
    let head = Duration::from_secs_f64(limits.head_seconds);
    tokio::spawn(async move {
        let counted = Counted(Arc::clone(&shared));
        match &shared.certificate {
            None => connection::serve(socket, peer, Arc::clone(&shared), drain).await,
            Some(certificate) => {
                let accepting = TlsAcceptor::from(certificate.current()).accept(socket);
                match timeout(head, accepting).await {
                    Ok(Ok(socket)) => {
                        // With TLS it is large, and rare enough to be allocated.
                        Box::pin(connection::serve(socket, peer, Arc::clone(&shared), drain)).await;
                    }
                    Ok(Err(_)) | Err(_) => shared.service.metrics.tls_failures.add(1),
                }
            }
        }
        drop(counted);
    });
}

/// A connection is counted until it ends, however it ends.
struct Counted(Arc<Shared>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.service.metrics.connections.subtract(1);
    }
}
