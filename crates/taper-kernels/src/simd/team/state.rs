//! The state that the threads of a team exchange, each on its own cache lines.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// The state of one thread, on its own cache lines to avoid false sharing.
#[derive(Default)]
#[repr(align(128))]
pub struct ThreadState {
    /// The number of the last task handed to this thread.
    pub task_number: AtomicU32,
    /// Its share of the current task.
    pub share: Share,
    /// Whether it is asleep.
    pub asleep: AtomicBool,
}

/// Consecutive parts of a task, of which any thread claims the next one.
#[derive(Default)]
pub struct Share {
    /// The number of the task, and how many parts are left, in one word, so that a thread that comes late
    /// from an earlier task claims nothing.
    left: AtomicU64,
    /// The number of the part after the last one. Read only after a claim, so that it belongs to the same task.
    end: AtomicUsize,
}

impl Share {
    /// Offers the parts `start..end` of a task; everything written before is visible to the thread that
    /// claims one.
    pub fn offer(&self, task: u32, [start, end]: [usize; 2]) {
        self.end.store(end, Ordering::Relaxed);
        self.left.store(u64::from(task) << 32 | (end - start) as u64, Ordering::Release);
    }

    /// The next part of the task, if one is left. As long as it is not reported as done, the task is the current one.
    #[inline]
    pub fn claim(&self, task: u32) -> Option<usize> {
        let mut left = self.left.load(Ordering::Relaxed);
        while left >> 32 == u64::from(task) && left as u32 > 0 {
            match self.left.compare_exchange_weak(left, left - 1, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Some(self.end.load(Ordering::Relaxed) - left as u32 as usize),
                Err(now) => left = now,
            }
        }
        None
    }
}

/// A value on its own cache lines.
#[derive(Default)]
#[repr(align(128))]
pub struct Padded<T>(pub T);

/// What the threads report to the owner.
#[derive(Default)]
pub struct Progress {
    /// The number of parts that are not done.
    pub parts: AtomicUsize,
    /// Whether a part panicked; only then does the owner lock the panic's mutex.
    pub panicked: AtomicBool,
}
