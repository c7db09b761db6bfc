//! How progress is shown, and when.

use std::time::{Duration, Instant};

use crate::cli::{Common, LogFormat, Progress};
use crate::terminal;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Not at all.
    Nothing,
    /// A line for each epoch, and occasional lines within one.
    Lines,
    /// A bar that is redrawn, and a line for each epoch.
    Bar,
    /// Like [`Lines`](Self::Lines), but in JSON.
    Json,
}

impl Style {
    /// The style selected by the flags, or else by the terminal.
    pub fn new(common: &Common) -> Self {
        match (common.progress, common.log_format) {
            _ if common.quiet => Self::Nothing,
            (Progress::None, _) => Self::Nothing,
            (_, LogFormat::Json) => Self::Json,
            (Progress::Bar, _) => Self::Bar,
            (Progress::Lines, _) => Self::Lines,
            (Progress::Auto, _) => {
                if terminal::is_interactive() {
                    Self::Bar
                } else {
                    Self::Lines
                }
            }
        }
    }
}

/// When to show progress within an epoch or a pass.
pub struct Cadence {
    next: Instant,
    first: Duration,
    every: Duration,
}

impl Cadence {
    /// A bar is redrawn ten times a second; lines appear after 10 s and then every 30 s.
    pub fn new(style: Style, now: Instant) -> Self {
        let milliseconds = if style == Style::Bar { [0, 100] } else { [10_000, 30_000] };
        let [first, every] = milliseconds.map(Duration::from_millis);
        Self { next: now + first, first, every }
    }

    /// The same, but a bar also waits for half a second, so that short activities are not shown.
    pub fn patient(style: Style, now: Instant) -> Self {
        let cadence = Self::new(style, now);
        Self { next: cadence.next.max(now + Duration::from_millis(500)), ..cadence }
    }

    /// Called when an epoch or a pass begins.
    pub fn begin(&mut self, now: Instant) {
        if !self.first.is_zero() {
            self.next = now + self.first;
        }
    }

    /// Whether progress is due; if so, the next time is one interval later.
    pub fn is_due(&mut self, now: Instant) -> bool {
        let due = now >= self.next;
        if due {
            self.next = now + self.every;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times at which progress is shown, in tenths of a second, if an epoch begins every `epoch` tenths.
    fn shown(style: Style, epoch: u64) -> Vec<u64> {
        let start = Instant::now();
        let mut cadence = Cadence::new(style, start);
        let due = |tenth: &u64| {
            let now = start + Duration::from_millis(tenth * 100);
            if tenth.is_multiple_of(epoch) {
                cadence.begin(now);
            }
            cadence.is_due(now)
        };
        (0..800).filter(due).collect()
    }

    #[test]
    fn a_line_appears_after_ten_seconds_and_then_every_thirty() {
        assert_eq!(shown(Style::Lines, 10_000), [100, 400, 700]);
        assert_eq!(shown(Style::Json, 200), [100, 300, 500, 700]);
        assert!(shown(Style::Lines, 90).is_empty());
    }

    #[test]
    fn a_bar_is_redrawn_ten_times_a_second_even_if_epochs_are_short() {
        assert_eq!(shown(Style::Bar, 90).len(), 800);
    }
}
