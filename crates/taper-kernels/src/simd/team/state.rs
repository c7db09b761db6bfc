//! The state that the threads of a team exchange, each on its own cache lines.

use std::sync::atomic::{AtomicBool, AtomicUsize};

/// The state of one thread, on its own cache lines to avoid false sharing.
#[derive(Default)]
#[repr(align(128))]
pub struct ThreadState {
    /// The number of the last task handed to this thread.
    pub task_number: AtomicUsize,
    /// The next part of this thread's share.
    pub next: AtomicUsize,
    /// The end of its share.
    pub end: AtomicUsize,
    /// Whether it is asleep.
    pub asleep: AtomicBool,
}

/// A value on its own cache lines.
#[derive(Default)]
#[repr(align(128))]
pub struct Padded<T>(pub T);

/// What the workers report to the owner at the end of a task.
#[derive(Default)]
pub struct Progress {
    /// The number of workers that have not finished.
    pub workers: AtomicUsize,
    /// Whether a part panicked; only then does the owner lock the panic's mutex.
    pub panicked: AtomicBool,
}
