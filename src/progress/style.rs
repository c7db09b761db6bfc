//! In which way progress is shown, and when.

use std::time::{Duration, Instant};

use crate::cli::{Common, LogFormat, Progress};
use crate::terminal;

/// The way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Not at all.
    Nothing,
    /// A line for each epoch, and now and then within one.
    Lines,
    /// A bar that is drawn over, and a line for each epoch.
    Bar,
    /// As lines, but in JSON.
    Json,
}

impl Style {
    /// What the flags say, or else the terminal.
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

/// When to show something within an epoch or a pass.
pub struct Cadence {
    next: Instant,
    first: Duration,
    every: Duration,
}

impl Cadence {
    /// Ten times a second for a bar; lines after ten seconds, and then every thirty.
    pub fn new(style: Style, now: Instant) -> Self {
        let milliseconds = if style == Style::Bar { [0, 100] } else { [10_000, 30_000] };
        let [first, every] = milliseconds.map(Duration::from_millis);
        Self { next: now + first, first, every }
    }

    /// The same, but a bar as well waits a moment: what is soon over is not shown.
    pub fn patient(style: Style, now: Instant) -> Self {
        let cadence = Self::new(style, now);
        Self { next: cadence.next.max(now + Duration::from_millis(500)), ..cadence }
    }

    /// An epoch or a pass begins.
    pub fn begin(&mut self, now: Instant) {
        if !self.first.is_zero() {
            self.next = now + self.first;
        }
    }

    /// Whether it is time; if so, not soon again.
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

    /// The tenths of a second at which something is shown, with an epoch that begins every `epoch` tenths.
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
    fn a_line_comes_after_ten_seconds_and_then_every_thirty() {
        assert_eq!(shown(Style::Lines, 10_000), [100, 400, 700]);
        assert_eq!(shown(Style::Json, 200), [100, 300, 500, 700]);
        assert!(shown(Style::Lines, 90).is_empty());
    }

    #[test]
    fn a_bar_is_drawn_ten_times_a_second_however_short_epochs_are() {
        assert_eq!(shown(Style::Bar, 90).len(), 800);
    }
}
