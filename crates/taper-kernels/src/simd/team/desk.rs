//! What threads of a team tell each other, each in memory of its own.

use std::sync::atomic::{AtomicBool, AtomicUsize};

/// One thread's place: memory of its own, so that threads do not slow each other down by writing
/// side by side.
#[derive(Default)]
#[repr(align(128))]
pub struct Desk {
    /// The number of the last piece that was handed to this thread.
    pub piece: AtomicUsize,
    /// The next part of this thread's share.
    pub next: AtomicUsize,
    /// The end of its share.
    pub end: AtomicUsize,
    /// Whether it sleeps.
    pub asleep: AtomicBool,
}

/// Something in memory of its own.
#[derive(Default)]
#[repr(align(128))]
pub struct Line<T>(pub T);

/// What the workers tell the owner at the end of a piece.
#[derive(Default)]
pub struct Busy {
    /// How many are not done.
    pub workers: AtomicUsize,
    /// Whether a part panicked: the owner takes the lock of the panic only then.
    pub panicked: AtomicBool,
}
