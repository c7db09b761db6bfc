//! The loop: epochs of steps, validation, checkpoints, in the order in which they run.

use std::time::{Duration, Instant};

use super::events::{Epoch, Event, Metrics, Observer, StepReport};
use super::log::Log;
use crate::checkpoint::{self, Best, Card, Checkpoint, Snapshot, State, Store};
use crate::data::{Batch, Prepared, for_each_batch};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::inference::{Split, evaluate};
use crate::interrupt::Interrupt;
use crate::loss::Loss;
use crate::metrics::{self, Running};
use crate::random::{Purpose, Stream};

/// Everything that a run consists of while it trains.
pub struct Trainer<'a> {
    /// How long and in what portions.
    pub config: &'a super::Config,
    /// When the run is saved and what is kept.
    pub saving: &'a checkpoint::Config,
    /// The metric that decides which checkpoint is the best, if one does.
    pub monitor: Option<String>,
    /// What training makes small, for validation.
    pub loss: &'a dyn Loss,
    /// The step size.
    pub learning_rate: f64,
    /// Decides the order of the samples.
    pub seed: u64,
    /// The samples.
    pub data: &'a Prepared,
    /// What takes the steps.
    pub engine: &'a mut dyn Engine,
    /// Where checkpoints go.
    pub store: &'a Store,
    /// What the weights mean.
    pub card: &'a Card,
    /// The run's log files.
    pub log: Log,
    /// Who else listens.
    pub observer: &'a mut dyn Observer,
    /// Whether to stop early.
    pub interrupt: Interrupt,
}

/// Why training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// All epochs are done.
    Epochs,
    /// `train.max_steps` was reached.
    MaxSteps,
    /// `train.max_minutes` was reached.
    MaxMinutes,
    /// A signal arrived.
    Signal(i32),
}

impl Stop {
    /// The word for `events.jsonl` and `summary.json`.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Epochs => "epochs",
            Self::MaxSteps => "max_steps",
            Self::MaxMinutes => "max_minutes",
            Self::Signal(_) => "signal",
        }
    }
}

impl Trainer<'_> {
    /// Trains from `state` until something says stop, and leaves a checkpoint of where it stopped.
    ///
    /// # Errors
    /// [`Error::Diverged`] on a loss, and [`Error::NotFinite`] on a weight or a value of the optimizer's
    /// state, that is not finite, both in the step that made it so; otherwise what the disk or the tensor
    /// library refuses. Earlier checkpoints are untouched.
    pub fn fit(&mut self, state: &mut State) -> Result<Stop> {
        let start = Instant::now();
        let seconds_before = state.seconds;
        let mut stop = self.reached_limit(state, start);
        while state.epoch < self.config.epochs {
            let epoch_start = Instant::now();
            let samples_before = state.samples_in_epoch;
            if stop.is_none() {
                stop = self.train_epoch(state, start)?;
            }
            state.seconds = seconds_before + start.elapsed().as_secs_f64();
            // Also true where a run was stopped between an epoch's last step and its validation.
            let complete = state.samples_in_epoch == self.data.train_order.len() as u64;
            if !complete || matches!(stop, Some(Stop::Signal(_))) {
                break;
            }
            let trained = (state.samples_in_epoch - samples_before, epoch_start.elapsed());
            if let Some(signal) = self.finish_epoch(state, trained)? {
                stop = Some(signal);
                break;
            }
            state.seconds = seconds_before + start.elapsed().as_secs_f64();
            if self.is_due(state) {
                self.checkpoint(state)?;
            }
            if stop.is_some() {
                break;
            }
        }
        state.seconds = seconds_before + start.elapsed().as_secs_f64();
        if !self.is_saved(state) {
            self.save(state)?;
        }
        Ok(stop.unwrap_or(Stop::Epochs))
    }

    /// Takes the steps that are left of the current epoch.
    fn train_epoch(&mut self, state: &mut State, start: Instant) -> Result<Option<Stop>> {
        let order = self.order(state.epoch);
        let used = usize::try_from(state.samples_in_epoch).unwrap_or(usize::MAX).min(order.len());
        let batch_size = self.config.batch_size;
        let data = self.data;
        let mut stop = None;
        for_each_batch(&data.train, &order[used..], batch_size, &data.scaling, |batch| {
            self.step(batch, state)?;
            if self.is_due_within_epoch(state, order.len()) {
                self.checkpoint(state)?;
            }
            stop = self.reached_limit(state, start);
            Ok(stop.is_none())
        })?;
        Ok(stop)
    }

    /// One step: forward, backward, update, and what the observers hear of it.
    fn step(&mut self, batch: &Batch<'_>, state: &mut State) -> Result<()> {
        let learning_rate = self.learning_rate;
        let step = self.engine.step(batch, state.step, learning_rate)?;
        if !step.loss.is_finite() {
            return Err(Error::Diverged { loss: step.loss, step: state.step + 1, epoch: state.epoch + 1 });
        }
        state.step += 1;
        let samples = batch.samples.len();
        state.samples_in_epoch += samples as u64;
        state.running.add(step.loss * samples as f64, step.logits, batch.truth)?;
        let loss = step.loss;
        let report = StepReport {
            step: state.step,
            epoch: state.epoch + 1,
            samples_in_epoch: state.samples_in_epoch,
            samples: self.data.train_order.len() as u64,
            loss: state.running.loss(),
            accuracy: state.running.accuracy(),
        };
        self.observer.step(&report);
        if state.step.is_multiple_of(self.config.log_every_steps) {
            let epoch = state.epoch + 1;
            self.tell(&Event::Step { step: state.step, epoch, loss, learning_rate })?;
        }
        Ok(())
    }

    /// Validates, reports the epoch and begins the next one; `Some` if a signal came meanwhile,
    /// in which case the epoch still waits for its validation.
    fn finish_epoch(&mut self, state: &mut State, trained: (u64, Duration)) -> Result<Option<Stop>> {
        let mut measured: Metrics = named("train", &state.running);
        if !self.data.validation_order.is_empty() {
            let split = Split { dataset: &self.data.train, order: &self.data.validation_order };
            match evaluate(self.engine, self.loss, split, &self.data.scaling, &self.interrupt)? {
                Some(running) => measured.extend(named("validation", &running)),
                None => return Ok(self.interrupt.signal().map(Stop::Signal)),
            }
        }
        state.epoch += 1;
        state.samples_in_epoch = 0;
        state.running = Running::new(self.data.train.target());
        state.last.clone_from(&measured);
        let (samples, time) = trained;
        let event = Event::Epoch(Epoch {
            epoch: state.epoch,
            step: state.step,
            metrics: measured,
            learning_rate: self.learning_rate,
            seconds: time.as_secs_f64(),
            samples_per_second: samples as f64 / time.as_secs_f64().max(1e-9),
        });
        self.tell(&event)?;
        Ok(None)
    }

    /// Writes a periodic checkpoint, notes it if it is the best so far, and deletes old ones.
    fn checkpoint(&mut self, state: &mut State) -> Result<()> {
        let best = state.samples_in_epoch == 0 && self.note_best(state);
        self.tell(&Event::Checkpoint { step: state.step, best })?;
        self.save(state)
    }

    /// Writes a checkpoint of `state` and deletes those that are not to be kept.
    fn save(&mut self, state: &mut State) -> Result<()> {
        state.files = self.log.sizes()?;
        self.store.save(&Snapshot {
            state,
            card: self.card,
            parameters: self.engine.parameters(),
            optimizer: self.engine.optimizer(),
        })?;
        self.store.prune(self.saving.keep_last, state.best.as_ref().map(|best| best.step))
    }

    /// Whether a good checkpoint of just this position is there: of this run, or resumed from.
    fn is_saved(&self, state: &State) -> bool {
        let saved = Checkpoint::read(&self.store.path(state.step)).ok().and_then(|saved| saved.state);
        saved.is_some_and(|saved| {
            (saved.epoch, saved.samples_in_epoch) == (state.epoch, state.samples_in_epoch)
        })
    }

    /// Makes this epoch's checkpoint the best one if its monitored metric is.
    fn note_best(&self, state: &mut State) -> bool {
        let Some(metric) = self.monitor.clone() else { return false };
        let Some(value) = state.last.iter().find(|(name, _)| *name == metric).map(|(_, value)| *value) else {
            return false;
        };
        let better = state.best.as_ref().is_none_or(|best| {
            if metrics::higher_is_better(&metric) { value > best.value } else { value < best.value }
        });
        if better && value.is_finite() {
            state.best = Some(Best { metric, value, step: state.step, epoch: state.epoch });
        }
        better && value.is_finite()
    }

    /// Whether the end of this epoch is a time to save.
    fn is_due(&self, state: &State) -> bool {
        let every = self.saving.every_epochs;
        let last = state.epoch == self.config.epochs;
        let steps = self.saving.every_steps;
        (every > 0 && (last || state.epoch.is_multiple_of(every)))
            || steps.is_some_and(|every| state.step.is_multiple_of(every))
    }

    /// Whether this step is a time to save; the last of an epoch waits for its validation.
    fn is_due_within_epoch(&self, state: &State, samples: usize) -> bool {
        state.samples_in_epoch < samples as u64
            && self.saving.every_steps.is_some_and(|every| state.step.is_multiple_of(every))
    }

    fn reached_limit(&self, state: &State, start: Instant) -> Option<Stop> {
        let train = self.config;
        if let Some(signal) = self.interrupt.signal() {
            Some(Stop::Signal(signal))
        } else if train.max_steps.is_some_and(|most| state.step >= most) {
            Some(Stop::MaxSteps)
        } else if train.max_minutes.is_some_and(|most| start.elapsed().as_secs_f64() >= most * 60.0) {
            Some(Stop::MaxMinutes)
        } else {
            None
        }
    }

    /// The order of the training samples in `epoch`: a function of the seed and the epoch alone.
    fn order(&self, epoch: u64) -> Vec<usize> {
        let mut order = self.data.train_order.clone();
        if self.config.shuffle {
            Stream::new(self.seed, Purpose::Shuffle, [epoch, 0]).shuffle(&mut order);
        }
        order
    }

    fn tell(&mut self, event: &Event) -> Result<()> {
        self.log.event(event)?;
        self.observer.event(event)
    }
}

/// The values of `running` under names such as `validation.loss`.
fn named(split: &str, running: &Running) -> Metrics {
    running.values().into_iter().map(|(name, value)| (format!("{split}.{name}"), value)).collect()
}
