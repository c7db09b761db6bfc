//! The memory for the bodies of all requests.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Bytes that the bodies of all requests may have together, and turns to read large ones, which takes more memory.
#[derive(Debug)]
pub struct Budget {
    most: usize,
    used: AtomicUsize,
    turns: Semaphore,
}

/// One request's part of a budget, which is returned when it is dropped.
#[derive(Debug)]
pub struct Share<'a> {
    budget: &'a Budget,
    bytes: usize,
}

impl Budget {
    /// A budget of `most` bytes; as many bodies as `turns` are read at once.
    #[must_use]
    pub fn new(most: usize, turns: usize) -> Self {
        Self { most, used: AtomicUsize::new(0), turns: Semaphore::new(turns) }
    }

    /// The bytes in use.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Waits for the turn to read a large body.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok()
    }

    /// An empty share.
    #[must_use]
    pub fn share(&self) -> Share<'_> {
        Share { budget: self, bytes: 0 }
    }
}

impl Share<'_> {
    /// Adds `bytes` to the share and returns whether the budget allows it; otherwise nothing changes.
    #[must_use]
    pub fn grow(&mut self, bytes: usize) -> bool {
        let Budget { most, used, .. } = self.budget;
        let grown = |used: usize| used.checked_add(bytes).filter(|used| used <= most);
        let is_granted = used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown).is_ok();
        if is_granted {
            self.bytes += bytes;
        }
        is_granted
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_grow_up_to_the_budget_and_are_returned() {
        let budget = Budget::new(10, 1);
        let (mut first, mut second) = (budget.share(), budget.share());
        assert!(first.grow(6) && second.grow(3) && !second.grow(2));
        assert!(!second.grow(usize::MAX));
        assert_eq!(budget.used(), 9);
        drop(first);
        assert!(second.grow(7) && !second.grow(1));
        drop(second);
        assert_eq!(budget.used(), 0);
    }
}
