//! The speed of training and evaluation.

use std::time::Instant;

use taper::events::{PassReport, StepReport};

/// The time constant of the moving average of the speed, in seconds.
const MEMORY: f64 = 10.0;

/// The speed of this session; samples of earlier sessions do not count.
pub struct Pace {
    began: Instant,
    /// The time of the last update, and the samples trained on until then.
    seen: Instant,
    trained: u64,
    training: Speed,
    /// The start of the current pass.
    pass: Instant,
    evaluation: Speed,
}

/// Exponentially weighted numbers of samples and of the seconds that they took.
#[derive(Default)]
struct Speed {
    samples: f64,
    seconds: f64,
}

impl Speed {
    fn add(&mut self, samples: u64, seconds: f64) {
        let weight = libm::exp(-seconds / MEMORY);
        self.samples = self.samples * weight + samples as f64;
        self.seconds = self.seconds * weight + seconds;
    }

    fn get(&self) -> Option<f64> {
        (self.samples > 0.0 && self.seconds > 0.0).then(|| self.samples / self.seconds)
    }
}

impl Pace {
    /// A session that begins `now`, after `trained` samples over all epochs.
    pub fn new(now: Instant, trained: u64) -> Self {
        let [training, evaluation] = [Speed::default(), Speed::default()];
        Self { began: now, seen: now, trained, training, pass: now, evaluation }
    }

    /// Updates the speed of training.
    pub fn trained(&mut self, now: Instant, report: &StepReport) {
        let trained = (report.epoch - 1) * report.samples + report.samples_in_epoch;
        let seconds = now.saturating_duration_since(self.seen).as_secs_f64();
        self.training.add(trained.saturating_sub(self.trained), seconds);
        (self.seen, self.trained) = (now, trained);
    }

    /// Updates the speed of evaluation with a pass, whose time does not count as training.
    pub fn passed(&mut self, now: Instant, report: &PassReport) {
        if report.done == 0 {
            self.pass = now;
        } else if report.done == report.samples {
            let seconds = now.saturating_duration_since(self.pass);
            self.evaluation.add(report.samples, seconds.as_secs_f64());
            // As if the pass had taken no time.
            self.seen = (self.seen + seconds).min(now);
        }
    }

    /// Seconds since the session began.
    pub fn elapsed(&self, now: Instant) -> f64 {
        now.saturating_duration_since(self.began).as_secs_f64()
    }

    /// Samples per second of training.
    pub fn training(&self) -> Option<f64> {
        self.training.get()
    }

    /// Samples per second of earlier passes.
    pub fn evaluation(&self) -> Option<f64> {
        self.evaluation.get()
    }

    /// Samples per second of the current pass.
    pub fn pass(&self, now: Instant, done: u64) -> Option<f64> {
        let seconds = now.saturating_duration_since(self.pass).as_secs_f64();
        (done > 0 && seconds > 0.0).then(|| done as f64 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn step(epoch: u64, samples_in_epoch: u64) -> StepReport {
        StepReport { step: 1, epoch, samples_in_epoch, samples: 1000, loss: 1.0, accuracy: None }
    }

    fn after(start: Instant, seconds: f64) -> Instant {
        start + Duration::from_secs_f64(seconds)
    }

    #[test]
    fn restored_samples_and_evaluations_do_not_count() {
        let start = Instant::now();
        let mut pace = Pace::new(start, 2900);
        assert_eq!(pace.training(), None);
        pace.trained(after(start, 0.5), &step(3, 950));
        pace.trained(after(start, 1.0), &step(3, 1000));
        assert!((pace.training().expect("a speed") - 100.0).abs() < 1e-6);
        for (seconds, done) in [(1.0, 0), (2.0, 200), (3.0, 400)] {
            pace.passed(after(start, seconds), &PassReport { split: "validation", done, samples: 400 });
        }
        assert_eq!(pace.evaluation(), Some(200.0));
        pace.trained(after(start, 4.0), &step(4, 100));
        assert!((pace.training().expect("a speed") - 100.0).abs() < 1e-6, "{:?}", pace.training());
    }

    #[test]
    fn the_speed_follows_recent_steps() {
        let start = Instant::now();
        let mut pace = Pace::new(start, 0);
        let mut samples = 0;
        for second in 1..=100 {
            samples += if second <= 50 { 10 } else { 1 };
            pace.trained(after(start, f64::from(second)), &step(1, samples));
        }
        assert!((pace.training().expect("a speed") - 1.0).abs() < 0.1, "{:?}", pace.training());
    }
}
