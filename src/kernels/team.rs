//! A team of threads that share the parts of one piece of work at a time.
//!
//! A training step is a dozen pieces of some ten microseconds each, so handing one over must cost less
//! than one: workers wait for the next piece in a loop for a short while, and sleep only after that.
//! Rayon, which sleeps at once, took 5 to 10 us where this takes a few tenths.
//!
//! Each thread starts with its own share of the parts, so that it finds its part of the weights in
//! its own cache, and then helps the others. Which thread does a part never changes a result.

use std::any::Any;
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a worker looks for the next piece before it sleeps: longer than the pauses within a
/// step, short enough not to be seen as load.
const PATIENCE: Duration = Duration::from_micros(200);

/// Threads that work together; dropping the team ends them.
pub struct Team {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

struct Shared {
    /// The current piece. Written by the team's owner between pieces only.
    work: UnsafeCell<Option<Work>>,
    desks: Vec<Desk>,
    /// Workers that still have the current piece in hand.
    busy: Line<AtomicUsize>,
    stop: AtomicBool,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// One thread's place: memory of its own, so that threads do not slow each other down by writing
/// side by side.
#[derive(Default)]
#[repr(align(128))]
struct Desk {
    /// The number of the last piece that was handed to this thread.
    piece: AtomicUsize,
    /// The next part of this thread's share.
    next: AtomicUsize,
    /// The end of its share.
    end: AtomicUsize,
    asleep: AtomicBool,
}

/// A counter in memory of its own.
#[derive(Default)]
#[repr(align(128))]
struct Line<T>(T);

/// What to do with each part; the owner keeps it alive until all are done.
#[derive(Clone, Copy)]
struct Work(*const (dyn Fn(usize, usize) + Sync));

// SAFETY: `work` is written while no worker has a piece in hand (`busy` is 0), and read by workers
// after the release of `piece`; the function behind it is `Sync`. The rest synchronises itself.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Team {
    /// A team of `threads`, one of which is the caller of [`run`](Self::run). Threads that the system
    /// refuses to start are done without.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        let threads = threads.max(1);
        let shared = Arc::new(Shared {
            work: UnsafeCell::new(None),
            desks: (0..threads).map(|_| Desk::default()).collect(),
            busy: Line(AtomicUsize::new(0)),
            stop: AtomicBool::new(false),
            panic: Mutex::new(None),
        });
        let spawn = |index: usize| {
            let shared = Arc::clone(&shared);
            let thread = std::thread::Builder::new().name(format!("taper-{index}"));
            thread.spawn(move || shared.wait_for_work(index)).ok()
        };
        let workers = (1..threads).map_while(spawn).collect();
        Self { shared, workers }
    }

    /// The number of threads.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `part` with each of `0..parts` and the number of the thread that does it, on several
    /// threads at once, and waits for all.
    ///
    /// # Panics
    /// If `part` does.
    pub fn run(&mut self, parts: usize, part: impl Fn(usize, usize) + Sync) {
        let threads = self.threads().min(parts);
        if threads <= 1 {
            (0..parts).for_each(|index| part(index, 0));
            return;
        }
        let work: &(dyn Fn(usize, usize) + Sync) = &part;
        let work: *const (dyn Fn(usize, usize) + Sync + '_) = work;
        // SAFETY: only the lifetime changes. No worker uses the pointer after `busy` is 0, which is
        // waited for below, whatever happens.
        let work: *const (dyn Fn(usize, usize) + Sync + 'static) = unsafe { std::mem::transmute(work) };
        // SAFETY: `&mut self`, and no worker has a piece in hand: nobody else reads or writes this.
        unsafe { *self.shared.work.get() = Some(Work(work)) };
        let desks = &self.shared.desks[..threads];
        for (i, desk) in desks.iter().enumerate() {
            desk.next.store(parts * i / threads, Ordering::Relaxed);
            desk.end.store(parts * (i + 1) / threads, Ordering::Relaxed);
        }
        for desk in &self.shared.desks[threads..] {
            desk.next.store(0, Ordering::Relaxed);
            desk.end.store(0, Ordering::Relaxed);
        }
        self.shared.busy.0.store(threads - 1, Ordering::Relaxed);
        for (desk, worker) in desks[1..].iter().zip(&self.workers) {
            desk.piece.fetch_add(1, Ordering::SeqCst);
            if desk.asleep.load(Ordering::SeqCst) {
                worker.thread().unpark();
            }
        }
        self.shared.do_parts(0);
        let mut wait = Wait::new();
        while self.shared.busy.0.load(Ordering::Acquire) != 0 {
            wait.pause();
        }
        let panic = self.shared.panic.lock().ok().and_then(|mut panic| panic.take());
        if let Some(panic) = panic {
            resume_unwind(panic);
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
    /// What a worker does all its life.
    fn wait_for_work(&self, index: usize) {
        let desk = &self.desks[index];
        let mut done = 0;
        loop {
            let mut wait = Wait::new();
            while desk.piece.load(Ordering::Acquire) == done {
                if self.stop.load(Ordering::Relaxed) {
                    return;
                }
                if wait.pause() > PATIENCE {
                    // Both sides write before they read, so either the owner sees the sleeper or the
                    // sleeper sees the piece.
                    desk.asleep.store(true, Ordering::SeqCst);
                    while desk.piece.load(Ordering::SeqCst) == done && !self.stop.load(Ordering::SeqCst) {
                        std::thread::park();
                    }
                    desk.asleep.store(false, Ordering::SeqCst);
                }
            }
            done += 1;
            self.do_parts(index);
            self.busy.0.fetch_sub(1, Ordering::Release);
        }
    }

    /// Does the parts of thread `index`, then what the others have not begun.
    fn do_parts(&self, index: usize) {
        // SAFETY: the owner has written this before it handed the piece over, and waits for the
        // caller before it writes again.
        let Some(Work(work)) = (unsafe { *self.work.get() }) else { return };
        // SAFETY: the owner keeps the function alive until all threads are done.
        let work = unsafe { &*work };
        let all = || {
            let threads = self.desks.len();
            for desk in (0..threads).map(|i| &self.desks[(index + i) % threads]) {
                let end = desk.end.load(Ordering::Relaxed);
                while desk.next.load(Ordering::Relaxed) < end {
                    let part = desk.next.fetch_add(1, Ordering::Relaxed);
                    if part < end {
                        work(part, index);
                    }
                }
            }
        };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(all)) {
            if let Ok(mut first) = self.panic.lock() {
                first.get_or_insert(panic);
            }
        }
    }
}

/// Waits in a loop, and lets other threads run if it takes long.
struct Wait {
    turns: u32,
    start: Option<Instant>,
}

impl Wait {
    fn new() -> Self {
        Self { turns: 0, start: None }
    }

    /// Waits a moment; the time since about the first one.
    fn pause(&mut self) -> Duration {
        self.turns = self.turns.wrapping_add(1);
        if !self.turns.is_multiple_of(64) {
            std::hint::spin_loop();
            return Duration::ZERO;
        }
        let waited = self.start.get_or_insert_with(Instant::now).elapsed();
        if waited > Duration::from_micros(20) {
            // More threads than cores: the one that is waited for may need this core.
            std::thread::yield_now();
        }
        waited
    }
}
