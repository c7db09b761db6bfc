//! The remaining work and time of a run.

use taper::Experiment;
use taper::events::StepReport;

/// The settings that determine the length of a run.
#[derive(Default)]
pub struct Remaining {
    epochs: u64,
    batch_size: u64,
    max_steps: Option<u64>,
    max_seconds: Option<f64>,
    /// Number of validation samples, evaluated after each epoch.
    pub validation: u64,
    /// Number of test samples, evaluated at the end.
    pub test: u64,
}

impl Remaining {
    /// The settings of `experiment`; the numbers of samples are set once the data is loaded.
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

    /// The number of samples to train on and to evaluate after `report`.
    fn samples(&self, report: &StepReport) -> (u64, u64) {
        let of_epoch = report.samples.saturating_sub(report.samples_in_epoch);
        let all = of_epoch + self.epochs.saturating_sub(report.epoch).saturating_mul(report.samples);
        let by_steps =
            self.max_steps.map(|most| most.saturating_sub(report.step).saturating_mul(self.batch_size));
        let train = by_steps.map_or(all, |samples| samples.min(all));
        let ends = if train < of_epoch { 0 } else { 1 + (train - of_epoch) / report.samples.max(1) };
        (train, ends.saturating_mul(self.validation).saturating_add(self.test))
    }

    /// Estimated seconds from `report` to the end of the run at the given speeds, in samples per second.
    /// `evaluated` samples have been evaluated since `report`; `elapsed` is the time since the session began.
    /// Evaluation counts as free until its speed is known.
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

    fn run(max_steps: Option<u64>) -> Remaining {
        Remaining { epochs: 3, batch_size: 10, max_steps, validation: 20, test: 50, ..Remaining::default() }
    }

    #[test]
    fn the_remaining_samples_include_epochs_validations_and_the_test() {
        assert_eq!(run(None).samples(&step(4, 1, 40)), (260, 3 * 20 + 50));
        assert_eq!(run(None).samples(&step(30, 3, 100)), (0, 20 + 50));
        assert_eq!(run(Some(8)).samples(&step(4, 1, 40)), (40, 50));
        assert_eq!(run(Some(25)).samples(&step(4, 1, 40)), (210, 2 * 20 + 50));
    }

    #[test]
    fn the_remaining_time_is_limited_by_max_minutes() {
        let remaining = run(None);
        assert_eq!(remaining.seconds(&step(4, 1, 40), 0, 10.0, None, 0.0), 26.0);
        assert_eq!(remaining.seconds(&step(4, 1, 40), 10, 10.0, Some(100.0), 0.0), 27.0);
        let remaining = Remaining { max_seconds: Some(30.0), ..run(None) };
        assert_eq!(remaining.seconds(&step(4, 1, 40), 0, 10.0, None, 20.0), 10.0);
        assert_eq!(remaining.seconds(&step(4, 1, 40), 0, 10.0, None, 40.0), 0.0);
    }
}
