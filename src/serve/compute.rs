//! The thread that computes predictions.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use super::metrics::Metrics;
use super::queue::{Computed, Failure, Job, Queue};
use crate::data::Features;
use crate::data::input::Inputs;
use crate::error::{Error, Result};
use crate::inference::Prediction;
use crate::panics;

/// Starts the thread; it ends when the queue is stopped and empty.
///
/// # Errors
/// [`Error::Threads`] if the system refuses.
pub fn start(queue: Arc<Queue>, metrics: Arc<Metrics>) -> Result<JoinHandle<()>> {
    let run = move || {
        while let Some(jobs) = queue.take(Instant::now) {
            // While other requests are being read and answered, they need the other cores more than a short
            // pass does (measured: 16 connections got 12,600 replies a second with two threads, and 14,500 to
            // 17,300 with one).
            let alone = metrics.in_flight.get() <= jobs.len() as u64;
            let is_long = jobs.iter().map(Job::left).sum::<usize>() >= LONG;
            jobs[0].version.compute_with(if alone || is_long { usize::MAX } else { 1 });
            pass(&queue, jobs, &|| metrics.panics.add(1));
        }
    };
    let thread = Builder::new().name("taper-compute".to_owned()).spawn(run);
    thread.map_err(|error| Error::Threads { threads: 1, reason: error.to_string() })
}

/// A request with at least this number of samples left, which takes several passes, has all threads even if others are in flight.
const LONG: usize = 64;

/// Computes `job` on the calling thread alone: handing it to another thread and back takes two wake-ups,
/// which cost as much as a pass through a small network. Only for a job of a
/// [quick](super::model::Version::is_quick) version, while no other request in flight would have to wait for
/// the calling thread.
///
/// With two threads, an image of the MNIST CNN was answered in the same time, and took 204 us of CPU instead of 116
/// (two AVX-512 cores of an EPYC).
pub fn at_once(queue: &Queue, metrics: &Metrics, job: Job) {
    job.version.compute_with(1);
    pass(queue, vec![job], &|| metrics.panics.add(1));
}

/// One pass through a network, for the samples of all `jobs`, or the first ones of a single large job.
fn pass(queue: &Queue, mut jobs: Vec<Job>, panicked: &impl Fn()) {
    let start = Instant::now();
    let version = Arc::clone(&jobs[0].version);
    let result = panics::contain(|| {
        let joined = join(&jobs);
        let samples = joined.as_ref().unwrap_or(&jobs[0].inputs);
        version.predict(samples).map(|predictions| (predictions, samples.count))
    });
    for job in &mut jobs {
        job.begun.get_or_insert(start);
    }
    match result {
        Some(Ok((predictions, batch))) => distribute(queue, jobs, predictions, batch),
        // A bad sample in one request is no reason to refuse the others.
        None | Some(Err(Error::Data { .. })) if jobs.len() > 1 => {
            for job in jobs {
                pass(queue, vec![job], panicked);
            }
        }
        Some(Err(error)) => fail(jobs, &error),
        None => {
            panicked();
            for job in jobs {
                let message = "the computation failed; this is a bug in taper".to_owned();
                let _ = job.reply.send(Err(Failure::Internal(message)));
            }
        }
    }
}

/// The samples of the next pass, copied into one batch; `None` if they are all the samples of a single job.
fn join(jobs: &[Job]) -> Option<Inputs> {
    let first = &jobs[0];
    let most = first.version.most_samples();
    let whole = jobs.len() == 1 && first.done.is_empty() && first.inputs.count <= most;
    if whole {
        return None;
    }
    let values = first.inputs.sample_shape.elements().unwrap_or(0);
    let part = |job: &Job| {
        let start = job.done.len();
        start * values..(start + job.left().min(most)) * values
    };
    let mut features = match &first.inputs.features {
        Features::Bytes(_) => Features::Bytes(Vec::new()),
        Features::Floats(_) => Features::Floats(Vec::new()),
    };
    for job in jobs {
        match (&mut features, &job.inputs.features) {
            (Features::Bytes(all), Features::Bytes(own)) => all.extend_from_slice(&own[part(job)]),
            (Features::Floats(all), Features::Floats(own)) => all.extend_from_slice(&own[part(job)]),
            // Jobs of different kinds are never taken together.
            _ => {}
        }
    }
    let count = jobs.iter().map(|job| job.left().min(most)).sum();
    let sample_shape = first.inputs.sample_shape.clone();
    Some(Inputs { place: PathBuf::from("request"), sample_shape, features, count })
}

/// Hands the `predictions` of a pass to their jobs, and queues the rest of a large one again.
fn distribute(queue: &Queue, jobs: Vec<Job>, predictions: Vec<Prediction>, batch: usize) {
    let mut predictions = predictions.into_iter();
    for mut job in jobs {
        let count = job.left().min(batch);
        job.done.extend(predictions.by_ref().take(count));
        if job.left() > 0 {
            queue.put_back(job);
            continue;
        }
        let begun = job.begun.unwrap_or(job.queued);
        let computed = Computed {
            predictions: job.done,
            waited: begun.saturating_duration_since(job.queued),
            passes: begun.elapsed(),
            batch,
        };
        // The client may have hung up.
        let _ = job.reply.send(Ok(computed));
    }
}

fn fail(jobs: Vec<Job>, error: &Error) {
    for job in jobs {
        // In a later pass of a large request, the samples were counted from the first one of the pass.
        let counted = if job.done.is_empty() { None } else { job.version.predict(&job.inputs).err() };
        let failure = match counted.as_ref().unwrap_or(error) {
            Error::Data { message, .. } => Failure::Sample(message.clone()),
            error => Failure::Internal(error.to_string()),
        };
        let _ = job.reply.send(Err(failure));
    }
}

/// How long idle threads of the team spin. In training, work arrives every few microseconds; here, a spinning
/// thread would take a core away from those that read requests.
pub const SPIN_TIME: Duration = Duration::from_micros(20);
