//! Waiting for another thread.

use std::time::{Duration, Instant};

/// Waits in a loop, and lets other threads run if it takes long.
pub struct Wait {
    turns: u32,
    start: Option<Instant>,
}

impl Wait {
    /// Nothing was waited for yet.
    pub fn new() -> Self {
        Self { turns: 0, start: None }
    }

    /// Waits a moment, and returns the time since about the first call.
    pub fn pause(&mut self) -> Duration {
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
