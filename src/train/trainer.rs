//! The training loop: steps, validation and checkpoints, in order.

use std::time::Instant;

use super::limits::Limits;
use super::{Augmenter, Average, Batches, Config, Order, Stop, Update, Updated};
use crate::callbacks::Callbacks;
use crate::checkpoint::{Card, State, Store};
use crate::data::{Batch, Prepared};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::events::{Epoch, Event, Metrics, PassReport, StepReport};
use crate::inference::{Split, evaluate};
use crate::interrupt::Interrupt;
use crate::loss::Loss;
use crate::metrics::Running;
use crate::network::Plan;
use crate::schedule::Schedule;

/// The parts of a run during training.
pub struct Trainer<'a, 'c> {
    /// The length of training and the batch size.
    pub config: &'a Config,
    /// How steps update the parameters.
    pub update: Update<'a>,
    /// The loss function, for validation.
    pub loss: &'a dyn Loss,
    /// The learning rate of each step.
    pub schedule: Schedule,
    /// The network, of which the statistics of averaged weights are measured.
    pub plan: &'a Plan,
    /// The seed, which determines the order of the samples.
    pub seed: u64,
    /// The additional metrics of validation.
    pub requested: &'a [&'static str],
    /// The samples.
    pub data: &'a Prepared,
    /// Changes the training samples, if `[augment]` says so.
    pub augmenter: Option<Augmenter<'a>>,
    /// The averaged weights, if `[ema]` or `[swa]` asks for them: they are validated and saved.
    pub average: Option<&'a mut Average>,
    /// The engine that takes the steps.
    pub engine: &'a mut dyn Engine,
    /// The store for checkpoints.
    pub store: &'a Store,
    /// The description of the weights.
    pub card: &'a Card,
    /// The callbacks.
    pub callbacks: &'a mut Callbacks<'c>,
    /// A request to stop early.
    pub interrupt: Interrupt,
}

impl Trainer<'_, '_> {
    /// Trains from `state` until a limit or a callback stops it, and leaves a checkpoint there.
    ///
    /// # Errors
    /// [`Error::Diverged`] if the loss, [`Error::NotFinite`] if a weight or optimizer state is not finite,
    /// both in the step that made it so; otherwise any error of a callback, the disk or candle. Earlier
    /// checkpoints are untouched.
    pub fn fit(&mut self, state: &mut State) -> Result<Stop> {
        let (config, interrupt) = (self.config, self.interrupt.clone());
        let limits = Limits::new(config, &interrupt);
        let mut augmenter = self.augmenter.take();
        let mut stop = limits.reached(&state.position).or_else(|| self.asked_to_stop());
        while state.position.epoch < config.epochs {
            if stop.is_none() {
                stop = self.train_epoch(state, augmenter.as_mut(), &limits)?;
            }
            // Also true if a run was stopped between an epoch's last step and its validation.
            let complete = state.position.is_end_of_epoch();
            if !complete || matches!(stop, Some(Stop::Signal(_))) {
                break;
            }
            if let Some(signal) = self.finish_epoch(state)? {
                stop = Some(signal);
                break;
            }
            self.save_if_asked(state)?;
            stop = stop.or_else(|| self.asked_to_stop());
            if stop.is_some() {
                break;
            }
        }
        self.save_the_end(state)?;
        let stop = stop.unwrap_or(Stop::Epochs);
        self.callbacks.each(|callback, _| callback.stopped(stop.reason(), &state.position))?;
        Ok(stop)
    }

    /// Takes the remaining steps of the current epoch.
    fn train_epoch(
        &mut self,
        state: &mut State,
        augmenter: Option<&mut Augmenter<'_>>,
        limits: &Limits<'_>,
    ) -> Result<Option<Stop>> {
        self.update.begin_epoch(self.engine, state.position.epoch);
        let (data, config, number) = (self.data, self.config, state.position.epoch);
        let order = Order::new(config, data, self.seed, number);
        let used = usize::try_from(state.position.samples_in_epoch).unwrap_or(usize::MAX);
        let used = used.min(order.indices.len());
        let mut batches = Batches::new(data, augmenter, (number, &order), used, config.batch_size);
        let mut began = Instant::now();
        while let Some(batch) = batches.next()? {
            self.step(&batch, state, began)?;
            if state.position.is_end_of_epoch() {
                self.average_epoch(state, &mut batches)?;
            }
            self.save_if_asked(state)?;
            let stop = limits.reached(&state.position).or_else(|| self.asked_to_stop());
            if stop.is_some() {
                return Ok(stop);
            }
            began = Instant::now();
        }
        Ok(None)
    }

    /// One step with a batch whose selection started at `began`: forward, backward, update, and reports to
    /// the callbacks.
    fn step(&mut self, batch: &Batch<'_>, state: &mut State, began: Instant) -> Result<()> {
        let learning_rate = self.rate(state.position.step);
        let (number, samples) = (state.position.step, batch.samples.len());
        let step = self.update.begin(self.engine, batch, number, learning_rate)?;
        let position = &mut state.position;
        if !step.loss.is_finite() {
            return Err(Error::Diverged {
                loss: step.loss,
                step: position.step + 1,
                epoch: position.epoch + 1,
            });
        }
        state.running.add(step.loss * samples as f64, step.logits, batch.targets)?;
        let loss = step.loss;
        let Updated { gradient_norm, penalty } = self.update.finish(self.engine, number, learning_rate)?;
        if let Some(average) = &mut self.average {
            average.after_step(number)?;
        }
        position.step += 1;
        position.samples_in_epoch += samples as u64;
        let seconds = began.elapsed().as_secs_f64();
        state.seconds += seconds;
        state.epoch_seconds += seconds;
        let report = StepReport {
            step: position.step,
            epoch: position.epoch + 1,
            samples_in_epoch: position.samples_in_epoch,
            samples: position.course.samples,
            loss: state.running.loss(),
            accuracy: state.running.accuracy(),
        };
        let (position, weights) = (&state.position, self.engine.parameters());
        self.callbacks.each(|callback, control| callback.after_step(&report, position, weights, control))?;
        if position.step.is_multiple_of(self.config.log_every_steps) {
            let (step, epoch) = (report.step, report.epoch);
            let event = Event::Step { step, epoch, loss, learning_rate, gradient_norm, penalty };
            self.callbacks.tell(&event)?;
        }
        Ok(())
    }

    /// Validates, reports the epoch and begins the next one. Returns the reason if a signal arrived in the
    /// meantime; the epoch then still waits for validation.
    fn finish_epoch(&mut self, state: &mut State) -> Result<Option<Stop>> {
        let mut measured = Metrics::default();
        measured.add("train", state.running.values());
        if !self.data.validation_indices.is_empty() {
            match self.validate()? {
                Some(running) => measured.add("validation", running.values()),
                None => return Ok(self.interrupt.signal().map(Stop::Signal)),
            }
        }
        let position = &mut state.position;
        let seconds = std::mem::take(&mut state.epoch_seconds);
        let samples_per_second = position.samples_in_epoch as f64 / seconds.max(1e-9);
        position.epoch += 1;
        position.samples_in_epoch = 0;
        state.running = Running::new(self.data.train.target()).in_units(self.data.scaling.target_units());
        state.last.clone_from(&measured.0);
        let (epoch, step) = (position.epoch, position.step);
        let learning_rate = self.rate(step.saturating_sub(1));
        let epoch = Epoch { epoch, step, metrics: measured, learning_rate, seconds, samples_per_second };
        self.callbacks.tell(&Event::Epoch(epoch.clone()))?;
        self.callbacks.each(|callback, control| callback.after_epoch(&epoch, &state.position, control))?;
        Ok(None)
    }

    /// Loss and metrics on the validation samples; `None` if a signal arrived in the meantime.
    fn validate(&mut self) -> Result<Option<Running>> {
        self.swap_weights()?;
        let (dataset, indices) = (self.data.validated(), &self.data.validation_indices);
        let split = Split { dataset, indices, requested: self.requested };
        let engine = &mut *self.engine;
        self.callbacks.each(|callback, _| callback.before_evaluation(engine.parameters()))?;
        let callbacks = &mut *self.callbacks;
        let mut watch = |done| {
            let report = PassReport { split: "validation", done, samples: split.indices.len() as u64 };
            callbacks.each(|callback, _| callback.evaluating(&report))
        };
        let running = evaluate(engine, self.loss, split, &self.data.scaling, &self.interrupt, &mut watch)?;
        self.callbacks.each(|callback, _| callback.after_evaluation(engine.parameters()))?;
        self.swap_weights()?;
        Ok(running)
    }

    /// The learning rate of step `step`, counted from 0.
    fn rate(&self, step: u64) -> f64 {
        self.schedule.rate(step) * self.callbacks.control.learning_rate_factor
    }

    fn asked_to_stop(&self) -> Option<Stop> {
        self.callbacks.control.reason().map(|reason| Stop::Early(reason.to_owned()))
    }
}
