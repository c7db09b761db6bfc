//! A request to stop, from a signal or another thread.
//!
//! ```
//! use std::sync::atomic::Ordering;
//! use taper::interrupt::Interrupt;
//!
//! let interrupt = Interrupt::default(); // for `taper::Options`
//! let flag = interrupt.flag();
//! std::thread::spawn(move || flag.store(2, Ordering::Relaxed)).join().expect("a thread");
//! assert_eq!(interrupt.signal(), Some(2));
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Whether a signal has requested the run to stop; clones share the state.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    /// The shared state: 0, or the number of the signal. Set by signal handlers.
    #[must_use]
    pub fn flag(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.0)
    }

    /// The number of the signal that requested the run to stop, if any.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            signal => i32::try_from(signal).ok(),
        }
    }
}
