//! A team of threads that share the parts of one piece of work at a time.
//!
//! A training step is a dozen pieces of some ten microseconds each, so handing one over must cost less
//! than one: workers wait for the next piece in a loop for a short while, and sleep only after that.
//! Rayon, whose threads sleep sooner, took 13 us for two empty parts where this takes half of one.
//!
//! Each thread starts with its own share of the parts, so that it finds its part of the weights in
//! its own cache, and then helps the others. Which thread does a part never changes a result.

mod desk;
mod piece;
mod wait;

use std::any::Any;
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use desk::{Busy, Desk, Line};
use piece::Work;
use wait::Wait;

/// How long a worker looks for the next piece before it sleeps, unless
/// [`set_patience`](Team::set_patience) says otherwise: longer than the pauses within a step, short
/// enough not to be seen as load.
pub const PATIENCE: Duration = Duration::from_micros(200);

/// A worker's main loop.
type Life = Box<dyn FnOnce() + Send>;

/// Threads that work together; dropping the team ends them.
pub struct Team {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    /// The most threads that share a piece.
    limit: usize,
}

struct Shared {
    /// The current piece. Written by the team's owner between pieces only. Workers that wait read
    /// `stop`, so this is in a line of its own.
    work: Line<UnsafeCell<Option<Work>>>,
    desks: Vec<Desk>,
    /// How the current piece stands.
    busy: Line<Busy>,
    stop: AtomicBool,
    /// In nanoseconds.
    patience: AtomicU64,
    /// The first panic of the current piece.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

// SAFETY: all but `work` synchronises itself. `work` is written by the owner alone, while no worker
// has a piece in hand: its acquiring load of `busy` has read the 0 that the last worker released, and
// each count before that is a part of the same release sequence. It is read by workers only after
// their acquiring load of a `piece` that the owner released after the write. The function behind it
// is `Sync`, and is called through a shared reference.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Team {
    /// A team of `threads`, one of which is the caller of [`run`](Self::run). Threads that cannot
    /// be started are skipped.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        Self::start(threads, |index, work| {
            std::thread::Builder::new().name(format!("taper-{index}")).spawn(work).ok()
        })
    }

    /// A team whose threads `spawn` starts, as long as it can.
    fn start(threads: usize, spawn: impl Fn(usize, Life) -> Option<JoinHandle<()>>) -> Self {
        let threads = threads.max(1);
        let shared = Arc::new(Shared {
            work: Line(UnsafeCell::new(None)),
            desks: (0..threads).map(|_| Desk::default()).collect(),
            busy: Line::default(),
            stop: AtomicBool::new(false),
            patience: AtomicU64::new(PATIENCE.as_nanos() as u64),
            panic: Mutex::new(None),
        });
        // Worker i sits at desk i, so none is started after one that could not be. The desks that stay
        // empty have no parts and are not counted in `busy`.
        let worker = |index: usize| {
            let shared = Arc::clone(&shared);
            spawn(index, Box::new(move || shared.wait_for_work(index)))
        };
        let workers = (1..threads).map_while(worker).collect();
        Self { shared, workers, limit: threads }
    }

    /// The number of threads.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Lets at most `threads` threads, one at least, share each piece of work from now on. The others
    /// sleep: for work that shares the machine with other work. Results do not depend on it.
    pub fn set_limit(&mut self, threads: usize) {
        self.limit = threads.max(1);
    }

    /// Lets workers look for the next piece for `patience` before they sleep. Waking one takes some
    /// microseconds; looking takes its core.
    pub fn set_patience(&mut self, patience: Duration) {
        let nanoseconds = u64::try_from(patience.as_nanos()).unwrap_or(u64::MAX);
        self.shared.patience.store(nanoseconds, Ordering::Relaxed);
    }

    /// Calls `part` with each of `0..parts` and the number of the thread that does it, on several
    /// threads at once, and waits for all. Numbers are below [`threads`](Self::threads), and no two calls at
    /// the same time have the same one. All that the calls have written is seen by the caller, and by
    /// the calls of the next run.
    ///
    /// # Panics
    /// If `part` does. The thread that it did so on begins no other part, the others go on; then one
    /// of the panics goes on in the caller. The team stays usable.
    pub fn run<F: Fn(usize, usize) + Sync>(&mut self, parts: usize, part: F) {
        let threads = self.threads().min(self.limit).min(parts);
        if threads <= 1 {
            (0..parts).for_each(|index| part(index, 0));
            return;
        }
        // No worker uses this after `busy` is 0, which is waited for below: `part` lives until then,
        // because nothing on the way there unwinds (`do_parts` catches all).
        let work = Work::new(&part);
        // SAFETY: `&mut self`, and no worker has a piece in hand: nobody else reads or writes this.
        unsafe { *self.shared.work.0.get() = Some(work) };
        let (share, more) = (parts / threads, parts % threads);
        let start = |i: usize| share * i + more.min(i);
        // Nobody looks at these until `piece`, which releases them, is seen to have changed.
        for (i, desk) in self.shared.desks.iter().enumerate() {
            let (next, end) = if i < threads { (start(i), start(i + 1)) } else { (0, 0) };
            desk.next.store(next, Ordering::Relaxed);
            desk.end.store(end, Ordering::Relaxed);
        }
        self.shared.busy.0.workers.store(threads - 1, Ordering::Relaxed);
        for (desk, worker) in self.shared.desks[1..threads].iter().zip(&self.workers) {
            desk.piece.fetch_add(1, Ordering::SeqCst);
            if desk.asleep.load(Ordering::SeqCst) {
                worker.thread().unpark();
            }
        }
        self.shared.do_parts(0);
        let mut wait = Wait::new();
        while self.shared.busy.0.workers.load(Ordering::Acquire) != 0 {
            wait.pause();
        }
        // The flag was set before the last worker released `busy`, or by this thread.
        if self.shared.busy.0.panicked.load(Ordering::Relaxed) {
            self.shared.busy.0.panicked.store(false, Ordering::Relaxed);
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
    fn wait_for_work(&self, index: usize) {
        let desk = &self.desks[index];
        let mut done = 0;
        loop {
            let mut wait = Wait::new();
            while desk.piece.load(Ordering::Acquire) == done {
                if self.stop.load(Ordering::Relaxed) {
                    return;
                }
                if wait.pause().as_nanos() > u128::from(self.patience.load(Ordering::Relaxed)) {
                    // Both sides write before they read, in the one order of all SeqCst operations, so
                    // either the owner sees the sleeper and wakes it, or the sleeper sees the piece. A
                    // waking that comes too early makes the next `park` return at once.
                    desk.asleep.store(true, Ordering::SeqCst);
                    while desk.piece.load(Ordering::SeqCst) == done && !self.stop.load(Ordering::SeqCst) {
                        std::thread::park();
                    }
                    desk.asleep.store(false, Ordering::SeqCst);
                }
            }
            done += 1;
            self.do_parts(index);
            self.busy.0.workers.fetch_sub(1, Ordering::Release);
        }
    }

    /// Does the parts of thread `index`, then what the others have not begun.
    fn do_parts(&self, index: usize) {
        // SAFETY: the owner has written this before it handed the piece over, and waits for the
        // caller before it writes again.
        let Some(Work { part: function, call }) = (unsafe { *self.work.0.get() }) else { return };
        let all = || {
            let threads = self.desks.len();
            for desk in (0..threads).map(|i| &self.desks[(index + i) % threads]) {
                let end = desk.end.load(Ordering::Relaxed);
                // Looking first keeps `next` from running away from the end, and reading is cheaper.
                while desk.next.load(Ordering::Relaxed) < end {
                    let part = desk.next.fetch_add(1, Ordering::Relaxed);
                    if part < end {
                        // SAFETY: the owner keeps the function alive until all threads are done.
                        unsafe { call(function, part, index) };
                    }
                }
            }
        };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(all)) {
            self.busy.0.panicked.store(true, Ordering::Relaxed);
            let mut first = self.panic.lock().unwrap_or_else(PoisonError::into_inner);
            if first.is_none() {
                *first = Some(panic);
            } else if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
                // Nothing may unwind from here: the owner would not wait for the others, or would wait
                // for this thread forever.
                std::mem::forget(again);
            }
        }
    }
}

#[cfg(test)]
mod tests;
