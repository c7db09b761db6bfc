//! A bounded queue of predictions to compute, from which those that can share a pass are taken together.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::model::Version;
use crate::data::Features;
use crate::data::input::Inputs;
use crate::inference::Prediction;

/// A request's samples on their way to the network.
pub struct Job {
    /// The version that predicts. It is kept while the job exists, even after it has been replaced.
    pub version: Arc<Version>,
    /// The samples.
    pub inputs: Inputs,
    /// When it was queued.
    pub queued: Instant,
    /// The deadline for the answer.
    pub deadline: Instant,
    /// The predictions of the first samples.
    pub done: Vec<Prediction>,
    /// When the first pass with its samples began.
    pub begun: Option<Instant>,
    /// Where the result goes.
    pub reply: oneshot::Sender<Result<Computed, Failure>>,
}

/// The predictions for a request.
#[derive(Debug)]
pub struct Computed {
    /// One for each sample, in order.
    pub predictions: Vec<Prediction>,
    /// How long the samples waited.
    pub waited: Duration,
    /// How long the passes with its samples took.
    pub passes: Duration,
    /// The number of samples in the last pass.
    pub batch: usize,
}

/// Why there are no predictions.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// The deadline passed.
    Late,
    /// A sample cannot be predicted; the message names it.
    Sample(String),
    /// The computation failed.
    Internal(String),
}

/// Why a job was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The limit on jobs or bytes is reached.
    Full,
    /// The server is stopping.
    Stopping,
}

/// What the queue may hold.
#[derive(Clone, Copy, Debug)]
pub struct Capacity {
    /// Jobs.
    pub jobs: usize,
    /// Bytes of samples.
    pub bytes: usize,
}

/// Jobs in the order of their arrival.
pub struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    capacity: Capacity,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    bytes: usize,
    stopping: bool,
    /// When jobs were taken last.
    taken: Option<Instant>,
}

impl Job {
    /// The number of samples that are not predicted yet.
    #[must_use]
    pub fn left(&self) -> usize {
        self.inputs.count - self.done.len()
    }

    fn bytes(&self) -> usize {
        match &self.inputs.features {
            Features::Bytes(bytes) => bytes.len(),
            Features::Floats(floats) => 4 * floats.len(),
        }
    }

    /// Whether samples of both can share a pass: they are of the same version and kind, and their bits do not
    /// depend on the other samples.
    fn joins(&self, first: &Self) -> bool {
        let kind = |job: &Self| matches!(job.inputs.features, Features::Bytes(_));
        first.version.batches_freely
            && Arc::ptr_eq(&self.version, &first.version)
            && kind(self) == kind(first)
    }
}

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new(capacity: Capacity) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), capacity }
    }

    /// Adds a job; one that is larger than the queue's capacity in bytes is accepted if the queue is empty.
    ///
    /// # Errors
    /// If the queue is full, or the server is stopping.
    pub fn push(&self, job: Job) -> Result<(), Refused> {
        let bytes = job.bytes();
        let mut state = self.lock();
        if state.stopping {
            return Err(Refused::Stopping);
        }
        let full = state.jobs.len() >= self.capacity.jobs || state.bytes + bytes > self.capacity.bytes;
        if full && !state.jobs.is_empty() {
            return Err(Refused::Full);
        }
        state.bytes += bytes;
        state.jobs.push_back(job);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for jobs and takes the oldest, and with it all others whose samples can be in the same pass of
    /// at most `most` samples of its version. A job with more samples than that is taken alone. A job that is
    /// late, or that no client waits for any more, is dropped when its turn comes. `None` once the queue is
    /// stopped and empty.
    pub fn take(&self, now: impl Fn() -> Instant) -> Option<Vec<Job>> {
        let mut state = self.lock();
        loop {
            let Some(first) = state.jobs.pop_front() else {
                if state.stopping {
                    return None;
                }
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            state.bytes -= first.bytes();
            if first.reply.is_closed() || first.deadline <= now() {
                // A client that has hung up is not answered.
                let _ = first.reply.send(Err(Failure::Late));
                continue;
            }
            let mut room = first.version.most_samples().saturating_sub(first.left());
            let mut taken = vec![first];
            let mut at = 0;
            while room > 0 && at < state.jobs.len() {
                let job = &state.jobs[at];
                let bytes = job.bytes();
                if job.left() <= room && job.joins(&taken[0]) {
                    room -= job.left();
                    state.bytes -= bytes;
                    taken.extend(state.jobs.remove(at));
                } else {
                    at += 1;
                }
            }
            state.taken = Some(now());
            return Some(taken);
        }
    }

    /// Puts back a job whose first samples are predicted: after the others, which have waited in the
    /// meantime.
    pub fn put_back(&self, job: Job) {
        let mut state = self.lock();
        state.bytes += job.bytes();
        state.jobs.push_back(job);
        drop(state);
        // The thread that puts it back may not be the one that takes the next job.
        self.changed.notify_one();
    }

    /// The number of jobs and of their bytes.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        let state = self.lock();
        (state.jobs.len(), state.bytes)
    }

    /// How long the oldest job has waited without any being taken.
    #[must_use]
    pub fn stalled_for(&self, now: Instant) -> Duration {
        let state = self.lock();
        let since = state
            .jobs
            .front()
            .map(|oldest| state.taken.map_or(oldest.queued, |taken| taken.max(oldest.queued)));
        since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// Refuses new jobs; those that are queued are still computed.
    pub fn stop(&self) {
        self.lock().stopping = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
