//! Waiting for another thread.

use std::time::{Duration, Instant};

/// A spin loop that yields to other threads if it takes long.
pub struct Wait {
    spins: u32,
    start: Option<Instant>,
}

impl Wait {
    /// Starts a wait.
    pub fn new() -> Self {
        Self { spins: 0, start: None }
    }

    /// Waits a moment and returns the time since roughly the first call.
    pub fn pause(&mut self) -> Duration {
        self.spins = self.spins.wrapping_add(1);
        if !self.spins.is_multiple_of(64) {
            std::hint::spin_loop();
            return Duration::ZERO;
        }
        let waited = self.start.get_or_insert_with(Instant::now).elapsed();
        if waited > Duration::from_micros(20) {
            // More threads than cores: the awaited thread may need this core.
            std::thread::yield_now();
        }
        waited
    }
}
