//! Times training step by step.

use std::time::{Duration, Instant};

use candle_core::DType;

use super::load::{Load, Others};
use super::percentiles::Percentiles;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::network::Parameters;
use crate::run::Run;
use crate::run::build::build_augmenter;
use crate::train::{Batches, Order};

/// The minimum number of timed steps.
const LEAST_STEPS: usize = 20;
/// The minimum number of warm-up steps, which allocate buffers and fill caches.
const WARM_UP_STEPS: usize = 3;
/// The time for warm-up, as a fraction of the time for timed steps.
const WARM_UP_SHARE: f64 = 0.1;

/// The times of the steps, in microseconds.
pub struct Training {
    pub steps: Percentiles,
    /// The mean time of each phase.
    pub phases: Vec<(String, f64)>,
    pub others: Option<Others>,
}

/// The number of samples per step: the config's, or all samples if there are fewer.
pub fn batch_size(run: &Run) -> usize {
    run.experiment.train.batch_size.min(run.data.train_indices.len())
}

/// Trains for `seconds`.
///
/// # Errors
/// If training diverges, a signal arrives or candle returns an error.
pub fn measure(run: &mut Run, seconds: f64, interrupt: &Interrupt) -> Result<Training> {
    let mut session = Session { run, interrupt, epoch: 0, step: 0 };
    session.steps(WARM_UP_STEPS, Duration::from_secs_f64(seconds * WARM_UP_SHARE))?;
    session.run.engine.profile(true);
    let before = Load::now();
    let times = session.steps(LEAST_STEPS, Duration::from_secs_f64(seconds))?;
    let others = Load::now().zip(before).and_then(|(now, before)| now.others_since(before));
    let count = times.len() as f64;
    let phases = session.run.engine.phases().into_iter();
    Ok(Training {
        steps: Percentiles::of(times),
        phases: phases.map(|(name, time)| (name, time.as_secs_f64() * 1e6 / count)).collect(),
        others,
    })
}

/// Repeated training as configured.
struct Session<'a> {
    run: &'a mut Run,
    interrupt: &'a Interrupt,
    epoch: u64,
    step: u64,
}

impl Session<'_> {
    /// Runs steps for `time`, at least `least` of them, and returns the time of each in microseconds.
    fn steps(&mut self, least: usize, time: Duration) -> Result<Vec<f64>> {
        let start = Instant::now();
        let size = batch_size(self.run).max(1);
        let mut times = Vec::new();
        let mut enough = false;
        while !enough {
            if self.epoch == self.run.experiment.train.epochs {
                self.reset()?;
            }
            let Run { experiment, data, .. } = &*self.run;
            let mut order = Order::new(&experiment.train, data, experiment.seed, self.epoch);
            // Drops a smaller last batch, which takes less time.
            order.indices.truncate(order.indices.len() - order.indices.len() % size);
            let steps = self.run.course().steps;
            let Run { experiment, data, engine, plan, average, team, .. } = &mut *self.run;
            let mut update = experiment.update(plan, steps);
            update.begin_epoch(engine.as_mut(), self.epoch);
            let learning_rate = experiment.optimizer.member().learning_rate();
            let mut augmenter = build_augmenter(experiment, data, team);
            let mut batches = Batches::new(data, augmenter.as_mut(), (self.epoch, &order), 0, size);
            loop {
                let start_step = Instant::now();
                let Some(batch) = batches.next()? else { break };
                if let Some(signal) = self.interrupt.signal() {
                    return Err(Error::Interrupted(signal));
                }
                let loss = update.begin(engine.as_mut(), &batch, self.step, learning_rate)?.loss;
                if loss.is_finite() {
                    update.finish(engine.as_mut(), self.step, learning_rate)?;
                }
                if let Some(average) = average {
                    average.after_step(self.step)?;
                }
                times.push(start_step.elapsed().as_secs_f64() * 1e6);
                self.step += 1;
                if !loss.is_finite() {
                    return Err(Error::Diverged { loss, step: self.step, epoch: self.epoch + 1 });
                }
                enough = times.len() >= least && start.elapsed() >= time;
                if enough {
                    break;
                }
            }
            self.epoch += 1;
        }
        Ok(times)
    }

    /// Resets the network: initializes the parameters and sets the optimizer state to 0.
    fn reset(&mut self) -> Result<()> {
        let Run { experiment, plan, engine, device, .. } = &*self.run;
        let first = Parameters::initialize(plan, experiment.seed, DType::F32, device)?;
        for (parameter, first) in engine.parameters().iter().zip(first.iter()) {
            parameter.variable.set(first.variable.as_tensor())?;
        }
        for variable in engine.optimizer().state().into_iter().flat_map(|(_, variables)| variables) {
            variable.set(&variable.zeros_like()?)?;
        }
        (self.epoch, self.step) = (0, 0);
        Ok(())
    }
}
