//! A team of threads that share the parts of one task at a time.
//!
//! A training step consists of a dozen tasks of some ten microseconds each, so handing one over must cost
//! much less: workers spin for a short while, waiting for the next task, and only then sleep. Rayon, whose
//! threads sleep sooner, took 13 us for two empty parts; the team takes 0.5 us.
//!
//! Each thread starts with its own share of the parts, so that it finds its part of the weights in its own
//! cache, and then helps the others. Results do not depend on which thread runs a part. A task ends when its parts are done: a
//! thread that has none, because the system runs another program in its place, is not waited for.

mod state;
mod task;
mod wait;

use std::any::Any;
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use state::{Padded, Progress, ThreadState};
use task::Task;
use wait::Wait;

/// How long a worker spins before it sleeps, unless changed by [`set_spin_time`](Team::set_spin_time): longer
/// than the pauses within a step, too short to show up as load.
pub const SPIN_TIME: Duration = Duration::from_micros(200);

/// A worker's main loop.
type WorkerMain = Box<dyn FnOnce() + Send>;

/// A thread team; dropping it ends the threads.
pub struct Team {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    /// The maximum number of threads that share a task.
    limit: usize,
    /// The number of the last task.
    task: u32,
}

struct Shared {
    /// The current task. Written by the team's owner, and only between tasks. It has its own cache lines
    /// because waiting workers read `stop`.
    task: Padded<UnsafeCell<Option<Task>>>,
    states: Vec<ThreadState>,
    /// The progress of the current task.
    progress: Padded<Progress>,
    stop: AtomicBool,
    /// In nanoseconds.
    spin_time: AtomicU64,
    /// The first panic of the current task.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

// SAFETY: everything but `task` synchronizes itself. `task` is written only by the owner, between tasks: its
// acquiring load of `progress` has then read the 0 that the last report of a part released, and each earlier
// report is part of the same release sequence. A thread reads it only between claiming a part and reporting
// it as done. The claim acquires the offer of the share, which the owner released after the write; claims of
// an earlier task fail. (Task numbers repeat after 2^32 tasks, an hour or more, for which a thread would have
// to be paused between two instructions.) The function behind it is `Sync`, and is called through a shared
// reference.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Team {
    /// A team of `threads` threads, one of which is the caller of [`run`](Self::run). Threads that cannot
    /// be started are left out.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        Self::start(threads, |index, main| {
            std::thread::Builder::new().name(format!("taper-{index}")).spawn(main).ok()
        })
    }

    /// A team whose threads are started by `spawn`, until it first returns `None`.
    fn start(threads: usize, spawn: impl Fn(usize, WorkerMain) -> Option<JoinHandle<()>>) -> Self {
        let threads = threads.max(1);
        let shared = Arc::new(Shared {
            task: Padded(UnsafeCell::new(None)),
            states: (0..threads).map(|_| ThreadState::default()).collect(),
            progress: Padded::default(),
            stop: AtomicBool::new(false),
            spin_time: AtomicU64::new(SPIN_TIME.as_nanos() as u64),
            panic: Mutex::new(None),
        });
        // Worker i uses state i, so starting stops at the first failure. Unused states have no parts and
        // are not counted in `progress`.
        let worker = |index: usize| {
            let shared = Arc::clone(&shared);
            spawn(index, Box::new(move || shared.run_worker(index)))
        };
        let workers = (1..threads).map_while(worker).collect();
        Self { shared, workers, limit: threads, task: 0 }
    }

    /// The number of threads.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Limits the threads that share a task to `threads` (at least one) from now on. The others sleep,
    /// which leaves cores to other programs. Results do not depend on it.
    pub fn set_limit(&mut self, threads: usize) {
        self.limit = threads.max(1);
    }

    /// Sets how long workers spin before they sleep. Waking a worker takes a few microseconds; spinning
    /// occupies its core.
    pub fn set_spin_time(&mut self, spin_time: Duration) {
        let nanoseconds = u64::try_from(spin_time.as_nanos()).unwrap_or(u64::MAX);
        self.shared.spin_time.store(nanoseconds, Ordering::Relaxed);
    }

    /// Calls `part` with each of `0..parts` and the index of the running thread, on several threads at
    /// once, and waits for all calls. Thread indices are below [`threads`](Self::threads), and no two
    /// concurrent calls share one. The caller, and the calls of the next run, see everything that the calls
    /// have written.
    ///
    /// # Panics
    /// If `part` does; then one of the panics is resumed, with several threads after all other parts are done. The team remains
    /// usable.
    pub fn run<F: Fn(usize, usize) + Sync>(&mut self, parts: usize, part: F) {
        let threads = self.threads().min(self.limit).min(parts);
        // A share counts its parts in 32 bits; more parts than that never occur.
        if threads <= 1 || u32::try_from(parts).is_err() {
            (0..parts).for_each(|index| part(index, 0));
            return;
        }
        self.task = self.task.wrapping_add(1);
        // Nobody uses this once all parts are done, which is awaited below: `part` lives until then, because
        // nothing in between unwinds (`run_parts` catches all panics).
        let task = Task::new(&part);
        // SAFETY: `&mut self`, and all parts of earlier tasks are done: nobody else reads or writes this.
        unsafe { *self.shared.task.0.get() = Some(task) };
        self.shared.progress.0.parts.store(parts, Ordering::Relaxed);
        let (share, more) = (parts / threads, parts % threads);
        let start = |i: usize| share * i + more.min(i);
        for (i, state) in self.shared.states[..threads].iter().enumerate() {
            state.share.offer(self.task, [start(i), start(i + 1)]);
        }
        for (state, worker) in self.shared.states[1..threads].iter().zip(&self.workers) {
            state.task_number.store(self.task, Ordering::SeqCst);
            if state.asleep.load(Ordering::SeqCst) {
                worker.thread().unpark();
            }
        }
        self.shared.run_parts(0, self.task);
        let mut wait = Wait::new();
        while self.shared.progress.0.parts.load(Ordering::Acquire) != 0 {
            wait.pause();
        }
        // The flag was set before the panicked part was reported as done, or by this thread.
        if self.shared.progress.0.panicked.load(Ordering::Relaxed) {
            self.shared.progress.0.panicked.store(false, Ordering::Relaxed);
            let panic = self.shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(panic) = panic {
                resume_unwind(panic);
            }
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        for worker in self.workers.drain(..) {
            worker.thread().unpark();
            let _ = worker.join();
        }
    }
}

impl Shared {
    /// A worker's main loop.
    fn run_worker(&self, index: usize) {
        let state = &self.states[index];
        let mut done = 0;
        loop {
            let mut wait = Wait::new();
            while state.task_number.load(Ordering::Acquire) == done {
                if self.stop.load(Ordering::Relaxed) {
                    return;
                }
                if wait.pause().as_nanos() > u128::from(self.spin_time.load(Ordering::Relaxed)) {
                    // Both sides write before they read, in the single total order of SeqCst operations, so
                    // either the owner sees the sleeper and wakes it, or the sleeper sees the task. A
                    // wake-up that comes too early makes the next `park` return at once.
                    state.asleep.store(true, Ordering::SeqCst);
                    while state.task_number.load(Ordering::SeqCst) == done
                        && !self.stop.load(Ordering::SeqCst)
                    {
                        std::thread::park();
                    }
                    state.asleep.store(false, Ordering::SeqCst);
                }
            }
            done = state.task_number.load(Ordering::Relaxed);
            self.run_parts(index, done);
        }
    }

    /// Runs the parts of `task` that thread `index` was given, then those that other threads have not started.
    fn run_parts(&self, index: usize, task: u32) {
        let threads = self.states.len();
        let shares = || (0..threads).map(|i| &self.states[(index + i) % threads].share);
        let mut done = 0;
        let mut all = || {
            for share in shares() {
                while let Some(part) = share.claim(task) {
                    done += 1;
                    // SAFETY: the owner wrote this before it offered the part, and neither writes again nor drops the function
                    // until the part is reported as done.
                    if let Some(Task { part: function, call }) = unsafe { *self.task.0.get() } {
                        // SAFETY: as above.
                        unsafe { call(function, part, index) };
                    }
                }
            }
        };
        while let Err(panic) = catch_unwind(AssertUnwindSafe(&mut all)) {
            self.progress.0.panicked.store(true, Ordering::Relaxed);
            let mut first = self.panic.lock().unwrap_or_else(PoisonError::into_inner);
            if first.is_none() {
                *first = Some(panic);
            } else if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
                // Nothing may unwind from here: the owner would not wait for the others, or would wait for
                // this thread forever.
                std::mem::forget(again);
            }
        }
        if done > 0 {
            self.progress.0.parts.fetch_sub(done, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests;
