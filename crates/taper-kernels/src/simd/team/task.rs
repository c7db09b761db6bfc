//! One task, as the threads of a team share it.

/// The function that runs each part, behind a pointer without its type and lifetime. The owner keeps the
/// function alive until all parts are done.
#[derive(Clone, Copy)]
pub struct Task {
    pub part: *const (),
    pub call: unsafe fn(*const (), usize, usize),
}

impl Task {
    /// Wraps `part`, which must be alive whenever the result is called.
    pub fn new<F: Fn(usize, usize) + Sync>(part: &F) -> Self {
        /// # Safety
        /// `part` must point to a live `F`.
        unsafe fn call<F: Fn(usize, usize)>(part: *const (), index: usize, thread: usize) {
            // SAFETY: guaranteed by the caller.
            (unsafe { &*part.cast::<F>() })(index, thread);
        }
        Self { part: std::ptr::from_ref(part).cast(), call: call::<F> }
    }
}
