//! The time taken by the phases of steps.

use std::time::{Duration, Instant};

/// Measures the phases of training steps while it is on.
#[derive(Default)]
pub struct Clock {
    phases: Vec<(String, Duration)>,
    last: Option<Instant>,
    next: usize,
    on: bool,
}

impl Clock {
    /// A clock, initially off, for the phases of `stages`; stages from `first_trained` on have a backward
    /// phase.
    pub fn new(stages: &[&str], first_trained: usize) -> Self {
        let forward = stages.iter().map(|name| format!("{name} forward"));
        let backward = stages.iter().skip(first_trained).rev().map(|name| format!("{name} backward"));
        let all = std::iter::once("input".to_owned()).chain(forward);
        let all = all.chain(std::iter::once("loss".to_owned())).chain(backward);
        Self { phases: all.map(|name| (name, Duration::ZERO)).collect(), ..Self::default() }
    }

    /// Switches the clock on or off.
    pub fn switch(&mut self, on: bool) {
        self.on = on;
        self.last = None;
    }

    /// Marks the start of a step.
    pub fn start(&mut self) {
        if self.on {
            self.next = 0;
            self.last = Some(Instant::now());
        }
    }

    /// Ends the current phase and starts the next.
    pub fn mark(&mut self) {
        if let Some(last) = self.last {
            let now = Instant::now();
            if let Some((_, time)) = self.phases.get_mut(self.next) {
                *time += now - last;
            }
            self.next += 1;
            self.last = Some(now);
        }
    }

    /// Returns the times so far and resets them to 0.
    pub fn take(&mut self) -> Vec<(String, Duration)> {
        self.phases.iter_mut().map(|(name, time)| (name.clone(), std::mem::take(time))).collect()
    }
}
