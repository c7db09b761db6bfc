//! One piece of work, as the threads of a team share it.

/// What to do with each part: a function behind a pointer that has forgotten its type and how long it
/// lives. The owner keeps it alive until all are done.
#[derive(Clone, Copy)]
pub struct Work {
    pub part: *const (),
    pub call: unsafe fn(*const (), usize, usize),
}

impl Work {
    /// The work of `part`, which must be alive whenever it is called.
    pub fn new<F: Fn(usize, usize) + Sync>(part: &F) -> Self {
        /// # Safety
        /// `part` must be an `F` that is alive.
        unsafe fn call<F: Fn(usize, usize)>(part: *const (), index: usize, thread: usize) {
            // SAFETY: the caller's promise.
            (unsafe { &*part.cast::<F>() })(index, thread);
        }
        Self { part: std::ptr::from_ref(part).cast(), call: call::<F> }
    }
}
