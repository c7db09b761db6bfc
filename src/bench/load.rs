//! Measures the CPU time of other processes during a measurement.
//!
//! The system's load average covers a whole minute and includes taper's own threads. Instead, this compares the CPU
//! times before and after, which Linux reports in `/proc` in ticks.

use serde::Serialize;

/// The minimum number of ticks of all cores together: with fewer, a single tick would distort the result.
const LEAST_TICKS: u64 = 20;
/// The fraction of the time of taper's threads that other processes may take.
const TOLERATED: f64 = 0.1;

/// The CPU time taken by other processes, and by other guests of the same host.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Others {
    /// The average number of cores that they kept busy.
    pub busy_cores: f64,
    /// The number of cores.
    pub cores: usize,
}

impl Others {
    /// Whether they took more than a tenth of the time of `threads` threads, in addition to the cores that these leave
    /// free.
    #[must_use]
    pub fn disturb(&self, threads: usize) -> bool {
        let free = self.cores.saturating_sub(threads);
        self.busy_cores - free as f64 > TOLERATED * threads.min(self.cores) as f64
    }
}

/// CPU times since the system started, in ticks, summed over all cores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// All time.
    total: u64,
    /// Time that was not idle, including time stolen by other guests.
    busy: u64,
    /// Time of this process.
    own: u64,
    cores: usize,
}

impl Load {
    /// The current times, if the system reports them.
    pub fn now() -> Option<Self> {
        let read = |path| std::fs::read_to_string(path).ok();
        Self::parse(&read("/proc/stat")?, &read("/proc/self/stat")?)
    }

    fn parse(system: &str, process: &str) -> Option<Self> {
        let numbers = |text: &str| text.split_whitespace().map_while(|word| word.parse().ok()).collect();
        // user, nice, system, idle, iowait, irq, softirq, steal
        let times: Vec<u64> = numbers(system.lines().next()?.strip_prefix("cpu ")?);
        let times = times.get(..8)?;
        let total: u64 = times.iter().sum();
        let cores = system.lines().skip(1).take_while(|line| line.starts_with("cpu")).count();
        // The second field, the program's name, may contain any character; fields 14 and 15 are the user and the
        // system time.
        let own: Vec<u64> =
            process.rsplit_once(") ")?.1.split(' ').skip(11).take(2).map_while(|n| n.parse().ok()).collect();
        Some(Self { total, busy: total - times[3] - times[4], own: own.get(..2)?.iter().sum(), cores })
    }

    /// The load by other processes since `before`, if enough time has passed.
    pub fn others_since(self, before: Self) -> Option<Others> {
        let total = self.total.checked_sub(before.total).filter(|total| *total >= LEAST_TICKS)?;
        let busy = self.busy.checked_sub(before.busy)?;
        let others = busy.saturating_sub(self.own.checked_sub(before.own)?);
        Some(Others { busy_cores: others as f64 / total as f64 * self.cores as f64, cores: self.cores })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_of_linux_is_parsed() {
        let system = "cpu  100 20 30 400 50 6 7 8 0 0\ncpu0 1 2 3 4\ncpu1 1 2 3 4\nintr 5\n";
        let process = "42 (a) b) R 1 1 1 0 -1 4194304 98 0 0 0 60 5 9 9 20 0 1 0 1255580";
        let load = Load::parse(system, process);
        assert_eq!(load, Some(Load { total: 621, busy: 171, own: 65, cores: 2 }));
        assert_eq!(Load::parse("cpu  1 2 3", process), None);
        assert_eq!(Load::parse(system, "42 (a"), None);
    }

    #[test]
    fn others_are_the_busy_time_without_our_own() {
        let before = Load { total: 1000, busy: 500, own: 100, cores: 2 };
        let after = Load { total: 1400, busy: 800, own: 300, cores: 2 };
        assert_eq!(after.others_since(before), Some(Others { busy_cores: 0.5, cores: 2 }));
        assert_eq!(Load { total: 1010, ..after }.others_since(before), None, "too few ticks");
    }

    #[test]
    fn others_disturb_only_if_cores_are_scarce() {
        let others = Others { busy_cores: 0.5, cores: 4 };
        assert!(others.disturb(4));
        assert!(!others.disturb(3));
        assert!(Others { busy_cores: 1.5, ..others }.disturb(3));
        assert!(!Others { busy_cores: 0.3, ..others }.disturb(4));
        assert!(others.disturb(100), "more threads than cores");
    }
}
