//! A progress gauge: a bar that fits the window, or a log line.

use serde_json::{Map, Value, json};

use crate::number::{clock, rate, with_separators};

/// The progress of one activity.
pub struct Gauge {
    /// The name of the activity.
    pub label: String,
    /// The epoch, in training.
    pub epoch: Option<u64>,
    /// The unit of `done` and `total`; if set, a bar shows them in addition to the percentage. A line always
    /// shows them.
    pub counts: Option<Counts>,
    /// The amount done, out of `total`.
    pub done: u64,
    pub total: u64,
    pub loss: Option<f64>,
    pub accuracy: Option<f64>,
    /// Samples per second.
    pub speed: Option<f64>,
    /// Estimated seconds left for the activity and, in `run_left`, for the whole run.
    pub left: Option<f64>,
    pub run_left: Option<f64>,
    /// Seconds since the program began.
    pub elapsed: f64,
}

/// A unit of progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    Samples,
    Files,
    Bytes,
}

/// Steps of shortening until a line fits. Dropped in this order: the elapsed time, the speed, the accuracy; then
/// the bar is shortened; then the time left for the run, for the activity; the bar, the loss, the percentage.
const STAGES: usize = 10;

/// The length of the bar in characters: the maximum, the minimum while the accuracy is shown, and the minimum.
const LONGEST: usize = 24;
const USUAL: usize = 10;
const SHORTEST: usize = 4;

impl Gauge {
    /// A line with a bar in fewer than `width` characters.
    pub fn bar(&self, width: usize) -> String {
        let room = width.saturating_sub(1);
        for stage in 0..STAGES {
            let shortest = match stage {
                0..=3 => USUAL,
                4..=6 => SHORTEST,
                _ => 0,
            };
            let before = if self.counts.is_some() { self.counted(" ") } else { self.label.clone() };
            let after = self.words(stage).join("  ");
            let used = before.chars().count() + after.chars().count() + 2;
            if used + shortest <= room {
                let bar = if shortest > 0 { self.filled((room - used).min(LONGEST)) } else { String::new() };
                return format!("{before} {bar} {after}").trim_end().to_owned();
            }
        }
        self.label.chars().take(room).collect()
    }

    /// A log line, in fewer than `width` characters if that is given.
    pub fn line(&self, width: Option<usize>) -> String {
        let label = self.counted("  ");
        let room = width.map_or(usize::MAX, |width| width.saturating_sub(1));
        let lines = (0..STAGES).map(|stage| format!("{label}  {}", self.words(stage).join("  ")));
        let mut lines = lines.map(|line| line.trim_end().to_owned());
        lines.find(|line| line.chars().count() <= room).unwrap_or_else(|| label.chars().take(room).collect())
    }

    /// The values as JSON.
    pub fn fields(&self, phase: &str) -> Map<String, Value> {
        let values = [
            ("phase", Some(json!(phase))),
            ("done", Some(json!(self.done))),
            ("total", Some(json!(self.total))),
            ("epoch", self.epoch.map(|epoch| json!(epoch))),
            ("loss", self.loss.map(|loss| json!(loss))),
            ("accuracy", self.accuracy.map(|accuracy| json!(accuracy))),
            ("samples_per_second", self.speed.map(|speed| json!(speed))),
            ("seconds_left", self.left.map(|seconds| json!(seconds))),
            ("run_seconds_left", self.run_left.map(|seconds| json!(seconds))),
            ("seconds_elapsed", Some(json!(self.elapsed))),
        ];
        values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    fn counted(&self, space: &str) -> String {
        let megabytes = |bytes: u64| format!("{:.1}", bytes as f64 / 1e6);
        let counts = match self.counts {
            Some(Counts::Bytes) => format!("{}/{} MB", megabytes(self.done), megabytes(self.total)),
            Some(Counts::Files) => {
                format!("{}/{} files", with_separators(self.done), with_separators(self.total))
            }
            _ => format!("{}/{}", with_separators(self.done), with_separators(self.total)),
        };
        format!("{}{space}{counts}", self.label)
    }

    /// The texts after the bar that are kept at this stage of shortening.
    fn words(&self, stage: usize) -> Vec<String> {
        let loss = self.loss.map(|loss| format!("loss {loss:.4}"));
        let accuracy = self.accuracy.map(|accuracy| format!("accuracy {accuracy:.4}"));
        let run = self.run_left.filter(|_| stage < 5);
        let left = match (self.left, run) {
            (Some(left), Some(run)) => Some(format!("ETA {}, run {}", clock(left), clock(run))),
            (Some(left), None) => Some(format!("ETA {}", clock(left))),
            _ => None,
        };
        let words = [
            (9, Some(format!("{:>3}%", self.percent()))),
            (8, loss),
            (3, accuracy),
            (2, self.speed.map(rate)),
            (6, left),
            // Rounded down: no more than has passed.
            (1, Some(format!("elapsed {}", clock(self.elapsed.floor())))),
        ];
        words.into_iter().filter(|(last, _)| stage < *last).filter_map(|(_, word)| word).collect()
    }

    /// The percentage done, rounded down: 100 means finished.
    fn percent(&self) -> u64 {
        self.done.saturating_mul(100).checked_div(self.total).unwrap_or(100).min(100)
    }

    fn filled(&self, length: usize) -> String {
        let done = (length as u64).saturating_mul(self.done).checked_div(self.total).unwrap_or(length as u64);
        let done = usize::try_from(done).unwrap_or(length).min(length);
        let head = if done < length { ">" } else { "" };
        format!("{}{head}{}", "=".repeat(done), " ".repeat((length - done).saturating_sub(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gauge() -> Gauge {
        Gauge {
            label: "epoch  3/10".to_owned(),
            epoch: Some(3),
            counts: None,
            done: 20_640,
            total: 48_000,
            loss: Some(0.4233),
            accuracy: Some(0.8691),
            speed: Some(5826.4),
            left: Some(4.7),
            run_left: Some(151.2),
            elapsed: 62.0,
        }
    }

    #[test]
    fn a_bar_shows_as_much_as_fits() {
        for (width, line) in [
            (
                120,
                "epoch  3/10 =========>             43%  loss 0.4233  accuracy 0.8691  5,826 samples/s  ETA 0:05, run 2:32  elapsed 1:02",
            ),
            (
                100,
                "epoch  3/10 ======>          43%  loss 0.4233  accuracy 0.8691  5,826 samples/s  ETA 0:05, run 2:32",
            ),
            (80, "epoch  3/10 =====>        43%  loss 0.4233  accuracy 0.8691  ETA 0:05, run 2:32"),
            (60, "epoch  3/10 ===>       43%  loss 0.4233  ETA 0:05, run 2:32"),
            (50, "epoch  3/10 ===>       43%  loss 0.4233  ETA 0:05"),
            (40, "epoch  3/10 ===>       43%  loss 0.4233"),
            (30, "epoch  3/10   43%"),
            (8, "epoch  "),
            (1, ""),
        ] {
            assert_eq!(gauge().bar(width), line);
        }
        for width in 1..200 {
            assert!(gauge().bar(width).chars().count() < width, "{width}");
            assert!(gauge().line(Some(width)).chars().count() < width, "{width}");
        }
    }

    #[test]
    fn a_pass_shows_the_number_of_samples_done() {
        let pass = |counts, done| Gauge {
            label: "validating".to_owned(),
            counts: Some(counts),
            done,
            total: 12_000,
            loss: None,
            accuracy: None,
            ..gauge()
        };
        assert!(pass(Counts::Samples, 4_000).bar(80).starts_with("validating 4,000/12,000 ==="));
        assert!(pass(Counts::Bytes, 11_949).bar(80).starts_with("validating 0.0/0.0 MB ==="));
        assert!(
            pass(Counts::Samples, 11_999).bar(80).contains(">  99%"),
            "{}",
            pass(Counts::Samples, 11_999).bar(80)
        );
        assert!(pass(Counts::Samples, 12_000).bar(80).contains("= 100%"));
        let line = "validating  4,000/12,000   33%  5,826 samples/s  ETA 0:05, run 2:32  elapsed 1:02";
        assert_eq!(pass(Counts::Samples, 4_000).line(None), line);
    }

    #[test]
    fn elapsed_time_is_rounded_down_and_remaining_time_up() {
        let gauge = Gauge { elapsed: 2.95, left: Some(2.05), run_left: None, ..gauge() };
        assert!(gauge.line(None).ends_with("ETA 0:03  elapsed 0:02"), "{}", gauge.line(None));
    }

    #[test]
    fn an_empty_activity_is_at_100_percent() {
        let nothing = Gauge { done: 0, total: 0, ..gauge() };
        assert!(nothing.bar(80).contains("100%"));
    }
}
