//! What all protocols share, without sockets: the parts of a server, and the path of samples to the network.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::budget::Budget;
use super::compute;
use super::config::Config;
use super::metrics::{Api, Metrics};
use super::model::Version;
use super::queue::{Computed, Failure, Job, Queue, Refused};
use super::registry::Registry;
use super::reply::Reply;
use crate::data::input::Inputs;

/// After how many times `serve.limits.answer_seconds` without progress the computation counts as stuck. A
/// restart loses all waiting requests, and a single pass of a large network may take longer than
/// `answer_seconds`.
const STALLED: f64 = 4.0;

/// All that requests need.
pub struct Service {
    /// The settings.
    pub config: Config,
    /// The models.
    pub registry: Arc<Registry>,
    /// The requests that wait for the network.
    pub queue: Arc<Queue>,
    /// The memory for the bodies of requests.
    pub bodies: Budget,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// When the server started.
    pub started: Instant,
    draining: AtomicBool,
}

/// A request whose body has arrived.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `GET`, `POST` and so on.
    pub method: &'a str,
    /// The path, without the query.
    pub path: &'a str,
    /// The value of `Inference-Header-Content-Length`.
    pub json_length: Option<&'a str>,
    /// The body, unpacked.
    pub body: &'a [u8],
    /// When its head had arrived.
    pub arrived: Instant,
}

/// What is logged and counted of a request.
#[derive(Clone, Debug)]
pub struct Record {
    /// The protocol.
    pub api: Api,
    /// The kind of the request, not its path.
    pub route: &'static str,
    /// The model, if it exists.
    pub model: Option<String>,
    /// Its version.
    pub version: Option<u64>,
    /// The number of samples.
    pub samples: usize,
    /// The time of reading the body's content.
    pub parsed: Duration,
    /// The time of waiting, of the passes, and the samples in the last pass.
    pub computed: Option<(Duration, Duration, usize)>,
}

/// An answer, or the predictions that it waits for.
pub enum Begun {
    /// The answer.
    Done(Reply),
    /// Predictions.
    Waiting(Waiting),
}

/// An answer that waits for predictions.
pub struct Waiting {
    /// Where they arrive.
    pub receiver: oneshot::Receiver<Result<Computed, Failure>>,
    /// The deadline.
    pub deadline: Instant,
    /// The samples, until they are computed or queued.
    pub job: Option<Job>,
    reply: Box<dyn FnOnce(&Computed) -> Reply + Send>,
}

impl Record {
    /// A request about which nothing is known yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            api: Api::Other,
            route: "other",
            model: None,
            version: None,
            samples: 0,
            parsed: Duration::ZERO,
            computed: None,
        }
    }
}

impl Default for Record {
    fn default() -> Self {
        Self::new()
    }
}

impl Service {
    /// A service with the given parts.
    #[must_use]
    pub fn new(config: Config, registry: Arc<Registry>, queue: Arc<Queue>, metrics: Arc<Metrics>) -> Self {
        let started = Instant::now();
        let bodies = Budget::new(config.limits.all_bodies_bytes, crate::threads::count());
        Self { config, registry, queue, bodies, metrics, started, draining: AtomicBool::new(false) }
    }

    /// Accepts `inputs` for `version`; `finish` makes the reply of the predictions.
    pub fn submit(
        &self,
        version: &Arc<Version>,
        inputs: Inputs,
        request: &Request<'_>,
        record: &mut Record,
        finish: impl FnOnce(&Version, &Computed) -> Reply + Send + 'static,
    ) -> Begun {
        record.samples = inputs.count;
        record.parsed = request.arrived.elapsed();
        let most = self.config.limits.samples;
        if inputs.count > most {
            self.metrics.rejected_limit.add(1);
            let given = inputs.count;
            let message =
                format!("{given} samples; `serve.limits.samples` allows {most}: send fewer at once");
            return Begun::Done(Reply::error(413, &message));
        }
        let deadline = request.arrived + Duration::from_secs_f64(self.config.limits.answer_seconds);
        let (reply, receiver) = oneshot::channel();
        let job = Job {
            version: Arc::clone(version),
            inputs,
            queued: Instant::now(),
            deadline,
            done: Vec::new(),
            begun: None,
            reply,
        };
        let version = Arc::clone(version);
        let reply = Box::new(move |computed: &Computed| finish(&version, computed));
        Begun::Waiting(Waiting { receiver, deadline, job: Some(job), reply })
    }

    /// Whether the request that is `waiting` should be computed by the thread that read it: it is quick, nothing else is in
    /// flight, and it is not late, which the queue would answer.
    #[must_use]
    pub fn is_lone(&self, waiting: &Waiting) -> bool {
        let is_quick = |job: &Job| job.version.is_quick(job.inputs.count) && job.queued < job.deadline;
        self.metrics.in_flight.get() == 1 && waiting.job.as_ref().is_some_and(is_quick)
    }

    /// Computes the request that is `waiting` if it [is lone](Self::is_lone), or else queues it.
    ///
    /// # Errors
    /// The reply, if it cannot be queued.
    pub fn start(&self, waiting: &mut Waiting) -> Result<(), Reply> {
        let is_lone = self.is_lone(waiting);
        let Some(job) = waiting.job.take() else { return Ok(()) };
        if is_lone {
            compute::at_once(&self.queue, &self.metrics, job);
            return Ok(());
        }
        self.queue.push(job).map_err(|refused| self.refuse(refused))
    }

    /// The reply to a request that cannot be queued.
    fn refuse(&self, refused: Refused) -> Reply {
        let message = match refused {
            Refused::Stopping => "The server is stopping.".to_owned(),
            Refused::Full => {
                self.metrics.rejected_queue.add(1);
                let (jobs, bytes) = self.queue.size();
                let limits = &self.config.batching;
                format!(
                    "The batch scheduling queue to which this task was submitted is full; {jobs} requests with \
                     {bytes} bytes are waiting, `serve.batching` allows {} with {}: try again later",
                    limits.queue, limits.queue_bytes
                )
            }
        };
        Reply::error(503, &message).with("Retry-After", "1")
    }

    /// The reply to the request that was `waiting`, for the result of its prediction; `None` means that none came in time.
    pub fn finish(
        &self,
        waiting: Waiting,
        result: Option<Result<Computed, Failure>>,
        record: &mut Record,
    ) -> Reply {
        match result {
            Some(Ok(computed)) => {
                record.computed = Some((computed.waited, computed.passes, computed.batch));
                (waiting.reply)(&computed)
            }
            Some(Err(Failure::Sample(message))) => Reply::error(400, &message),
            Some(Err(Failure::Internal(message))) => Reply::error(500, &message),
            Some(Err(Failure::Late)) | None => {
                self.metrics.late.add(1);
                let seconds = self.config.limits.answer_seconds;
                let message = format!(
                    "not answered within the {seconds} seconds that `serve.limits.answer_seconds` allows"
                );
                Reply::error(504, &message)
            }
        }
    }

    /// Whether the server accepts new requests: every model has a version, and it is not stopping.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.is_draining() && self.registry.is_ready()
    }

    /// Whether networks compute: no request has waited for [`STALLED`] times the limit for an answer while
    /// none was taken from the queue.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let longest = Duration::from_secs_f64(self.config.limits.answer_seconds * STALLED);
        self.queue.stalled_for(Instant::now()) < longest
    }

    /// Whether the server is stopping.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Records that the server is stopping.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.metrics.draining.set(1);
    }
}
