//! How much of a run is left.

use taper::Experiment;
use taper::events::StepReport;

/// What a run does, as far as its length is concerned.
#[derive(Default)]
pub struct Ahead {
    epochs: u64,
    batch_size: u64,
    max_steps: Option<u64>,
    max_seconds: Option<f64>,
    /// Samples to validate on after each epoch.
    pub validation: u64,
    /// Samples to test on at the end.
    pub test: u64,
}

impl Ahead {
    /// What `experiment` says; the samples are known once the data is.
    pub fn new(experiment: &Experiment) -> Self {
        let train = &experiment.train;
        Self {
            epochs: train.epochs,
            batch_size: train.batch_size as u64,
            max_steps: train.max_steps,
            max_seconds: train.max_minutes.map(|minutes| minutes * 60.0),
            ..Self::default()
        }
    }

    /// Samples to train on and to evaluate after `report`.
    fn samples(&self, report: &StepReport) -> (u64, u64) {
        let of_epoch = report.samples.saturating_sub(report.samples_in_epoch);
        let all = of_epoch + self.epochs.saturating_sub(report.epoch).saturating_mul(report.samples);
        let by_steps =
            self.max_steps.map(|most| most.saturating_sub(report.step).saturating_mul(self.batch_size));
        let train = by_steps.map_or(all, |samples| samples.min(all));
        let ends = if train < of_epoch { 0 } else { 1 + (train - of_epoch) / report.samples.max(1) };
        (train, ends.saturating_mul(self.validation).saturating_add(self.test))
    }

    /// Seconds until the run ends, from `report` on at these speeds, `evaluated` samples after it and
    /// `elapsed` seconds after the session began. What was never evaluated is taken to cost no time.
    pub fn seconds(
        &self,
        report: &StepReport,
        evaluated: u64,
        speed: f64,
        evaluation: Option<f64>,
        elapsed: f64,
    ) -> f64 {
        let (train, evaluate) = self.samples(report);
        let evaluate = evaluate.saturating_sub(evaluated) as f64;
        let seconds = train as f64 / speed + evaluation.map_or(0.0, |speed| evaluate / speed);
        self.max_seconds.map_or(seconds, |most| seconds.min(most - elapsed).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(step: u64, epoch: u64, samples_in_epoch: u64) -> StepReport {
        StepReport { step, epoch, samples_in_epoch, samples: 100, loss: 1.0, accuracy: None }
    }

    fn run(max_steps: Option<u64>) -> Ahead {
        Ahead { epochs: 3, batch_size: 10, max_steps, validation: 20, test: 50, ..Ahead::default() }
    }

    #[test]
    fn what_is_left_is_every_epoch_its_validation_and_the_test() {
        assert_eq!(run(None).samples(&step(4, 1, 40)), (260, 3 * 20 + 50));
        assert_eq!(run(None).samples(&step(30, 3, 100)), (0, 20 + 50));
        assert_eq!(run(Some(8)).samples(&step(4, 1, 40)), (40, 50));
        assert_eq!(run(Some(25)).samples(&step(4, 1, 40)), (210, 2 * 20 + 50));
    }

    #[test]
    fn time_is_limited_by_max_minutes() {
        let ahead = run(None);
        assert_eq!(ahead.seconds(&step(4, 1, 40), 0, 10.0, None, 0.0), 26.0);
        assert_eq!(ahead.seconds(&step(4, 1, 40), 10, 10.0, Some(100.0), 0.0), 27.0);
        let ahead = Ahead { max_seconds: Some(30.0), ..run(None) };
        assert_eq!(ahead.seconds(&step(4, 1, 40), 0, 10.0, None, 20.0), 10.0);
        assert_eq!(ahead.seconds(&step(4, 1, 40), 0, 10.0, None, 40.0), 0.0);
    }
}
