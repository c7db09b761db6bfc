//! How many threads share the next step: fewer than there are, while that is faster.
//!
//! Two threads take longer than one on virtual cores without a common cache, where a value that the other thread has written takes
//! five times as long to read. So now and then a few steps run with half or twice as many threads as the others. Results do not
//! depend on the number of threads. Pauses under a container's quota are not noticed: a median leaves them out.

use std::time::Duration;

/// Steps of a series, of which the first, in which threads wake up, does not count.
const STEPS: usize = 7;

/// The number of threads changes if the median of the other series is less than this share of its own.
const BETTER: f64 = 0.95;

/// Trials take this share of the time, one in a hundred.
const PAUSE: u32 = 100;

/// Chooses the number of threads of each step from how long those before took.
#[derive(Debug)]
pub struct ThreadLimit {
    /// The most threads, then half as many each, down to one.
    levels: Vec<usize>,
    /// The level between trials.
    level: usize,
    /// Whether the next trial is with fewer threads.
    down: bool,
    /// Until the next trial.
    pause: Duration,
    /// The running trial.
    trial: Option<Trial>,
}

/// A series of steps with the level between trials, then one with another.
#[derive(Debug)]
struct Trial {
    other: usize,
    /// Seconds per sample, as far as there are.
    times: [f64; 2 * STEPS],
    count: usize,
    spent: Duration,
}

impl ThreadLimit {
    /// For up to `threads` threads.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        let levels =
            std::iter::successors(Some(threads.max(1)), |threads| (*threads > 1).then_some(threads / 2));
        Self { levels: levels.collect(), level: 0, down: true, pause: Duration::ZERO, trial: None }
    }

    /// The number of threads for the next step.
    #[must_use]
    pub fn threads(&self) -> usize {
        let other = self.trial.as_ref().filter(|trial| trial.count >= STEPS).map(|trial| trial.other);
        self.levels[other.unwrap_or(self.level)]
    }

    /// Notes that the step with this number of samples took so long.
    pub fn record(&mut self, samples: usize, time: Duration) {
        let Some(trial) = &mut self.trial else {
            self.pause = self.pause.saturating_sub(time);
            if self.pause.is_zero() {
                self.trial = self.other().map(Trial::new);
            }
            return;
        };
        trial.times[trial.count] = time.as_secs_f64() / samples.max(1) as f64;
        trial.count += 1;
        trial.spent += time;
        if trial.count < trial.times.len() {
            return;
        }
        let (own, other) = trial.times.split_at(STEPS);
        if median(other) < BETTER * median(own) {
            // The next one may be better still.
            self.level = trial.other;
        } else {
            self.down = !self.down;
            self.pause = trial.spent * PAUSE;
        }
        self.trial = None;
    }

    /// The level to try: in the direction of the last trial if it was better, else in the other one, as far as there are levels.
    fn other(&mut self) -> Option<usize> {
        let (up, down) =
            (self.level.checked_sub(1), Some(self.level + 1).filter(|next| *next < self.levels.len()));
        self.down = if self.down { down.is_some() } else { up.is_none() };
        if self.down { down } else { up }
    }
}

impl Trial {
    fn new(other: usize) -> Self {
        Self { other, times: [0.0; 2 * STEPS], count: 0, spent: Duration::ZERO }
    }
}

/// The median of a series without its first step.
fn median(times: &[f64]) -> f64 {
    let mut counted = [0.0; STEPS - 1];
    counted.copy_from_slice(&times[1..]);
    counted.sort_unstable_by(f64::total_cmp);
    counted[counted.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs steps for `seconds`, each of which takes the milliseconds that `time` gives for a number of threads. Returns the
    /// share of steps with each number of threads in the last half.
    fn shares(limit: &mut ThreadLimit, seconds: f64, time: impl Fn(usize) -> f64) -> Vec<(usize, f64)> {
        let (mut now, mut counts) = (0.0, std::collections::BTreeMap::new());
        while now < seconds {
            let threads = limit.threads();
            let taken = time(threads) / 1e3;
            limit.record(32, Duration::from_secs_f64(taken));
            now += taken;
            if now > seconds / 2.0 {
                *counts.entry(threads).or_insert(0.0) += 1.0;
            }
        }
        let total: f64 = counts.values().sum();
        counts.into_iter().map(|(threads, count)| (threads, count / total)).collect()
    }

    fn usual(limit: &mut ThreadLimit, time: impl Fn(usize) -> f64) -> usize {
        let shares = shares(limit, 20.0, time);
        let most = shares.iter().max_by(|a, b| a.1.total_cmp(&b.1)).expect("steps");
        assert!(most.1 > 0.98, "{shares:?}");
        most.0
    }

    #[test]
    fn the_fastest_number_of_threads_is_found_and_found_again_when_it_changes() {
        let mut limit = ThreadLimit::new(8);
        assert_eq!(usual(&mut limit, |threads| 8.0 / threads as f64), 8);
        assert_eq!(usual(&mut limit, |threads| threads as f64), 1);
        assert_eq!(usual(&mut limit, |threads| (threads as f64 - 4.0).abs() + 1.0), 4);
        assert_eq!(usual(&mut limit, |threads| 8.0 / threads as f64), 8);
    }

    #[test]
    fn a_difference_within_the_noise_changes_nothing() {
        let mut limit = ThreadLimit::new(2);
        assert_eq!(usual(&mut limit, |threads| if threads == 2 { 1.0 } else { 0.97 }), 2);
    }

    #[test]
    fn one_thread_stays_one() {
        let mut limit = ThreadLimit::new(1);
        assert_eq!(usual(&mut limit, |_| 1.0), 1);
        assert_eq!(ThreadLimit::new(0).threads(), 1);
        assert_eq!(ThreadLimit::new(6).levels, [6, 3, 1]);
    }
}
