//! A thread team shared by several predictors and engines of a process.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use taper_kernels::simd::team::Team;

/// Threads that compute for one predictor or engine at a time; clones share them.
///
/// ```
/// use taper::internals::engine::SharedTeam;
///
/// let team = SharedTeam::new(2);
/// let other = team.clone();
/// team.set_limit(1); // while other work needs the cores
/// assert_eq!(team.threads(), other.threads());
/// ```
#[derive(Clone)]
pub struct SharedTeam {
    team: Arc<Mutex<Team>>,
    threads: usize,
    limit: Arc<AtomicUsize>,
}

impl SharedTeam {
    /// A team of `threads` threads, one of which is the caller. Threads that cannot be started are left
    /// out.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        let team = Team::new(threads);
        let threads = team.threads();
        Self { team: Arc::new(Mutex::new(team)), threads, limit: Arc::new(AtomicUsize::new(threads)) }
    }

    /// The number of threads.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Limits passes to `threads` threads from the next one on, for all users of the team. Results do not depend on it.
    pub fn set_limit(&self, threads: usize) {
        self.limit.store(threads.clamp(1, self.threads), Ordering::Relaxed);
    }

    /// Sets how long idle threads spin before they sleep, for all users of the team.
    pub fn set_spin_time(&self, time: Duration) {
        self.lock().set_spin_time(time);
    }

    /// Waits until the team is free.
    pub(crate) fn lend(&self) -> Lent<'_> {
        self.lend_up_to(self.threads)
    }

    /// The same, for a pass with at most `threads` threads.
    pub(super) fn lend_up_to(&self, threads: usize) -> Lent<'_> {
        let mut team = self.lock();
        team.set_limit(self.limit.load(Ordering::Relaxed).min(threads));
        Lent(team)
    }

    /// A panic in a task leaves the team usable.
    fn lock(&self) -> MutexGuard<'_, Team> {
        self.team.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The team, lent for one pass through a network.
pub(crate) struct Lent<'a>(MutexGuard<'a, Team>);

impl Deref for Lent<'_> {
    type Target = Team;

    fn deref(&self) -> &Team {
        &self.0
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut Team {
        &mut self.0
    }
}
