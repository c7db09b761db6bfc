//! The fast engine on the CPU: forward pass, backward pass and update of a whole network as a fixed
//! list of stages over memory that is allocated once, without a graph.
//!
//! Parameters and the optimizer's state stay candle variables, in the same order and layout as the
//! graph engine's, and are changed in place: checkpoints, evaluation and the other engine see the
//! same values. Results agree with the graph engine's to rounding, which tests check for every config.

mod batch_norm;
mod chain;
mod compile;
mod convolution;
mod dense;
mod dropout;
mod elementwise;
mod flatten;
mod layer_norm;
mod layout;
mod pooling;
mod stage;

use std::time::{Duration, Instant};

use super::{Engine, Step, check_finite};
use crate::data::{Batch, Features, Samples};
use crate::error::Result;
use crate::layers::Pass;
use crate::loss;
use crate::model::{self, Parameters, Plan};
use crate::ops::slices::Slices;
use crate::optimizer::Optimizer;
use compile::Compiled;
use stage::{Turn, Update, Weights};
use taper_kernels::fused::fully_connected::{rows, stride};
use taper_kernels::fused::load::{Load, Order, Source};
use taper_kernels::simd::arena::Arena;
use taper_kernels::simd::lanes::Isa;
use taper_kernels::simd::team::Team;

/// Runs networks whose layers it knows, in `f32`, on the CPU.
pub struct Fused {
    network: Compiled,
    parameters: Parameters,
    /// Which of the trained parameters each one is.
    trained: Vec<Option<usize>>,
    /// The values of the parameters, then of the optimizer's state.
    variables: Slices<f32>,
    optimizer: Box<dyn Optimizer>,
    loss: loss::Config,
    seed: u64,
    team: Team,
    isa: Isa,
    memory: Memory,
    clock: Clock,
}

/// What lies between the stages.
#[derive(Default)]
struct Memory {
    /// The network's input, and every stage's output.
    values: Vec<Arena>,
    /// Their gradients, as far as they are needed.
    gradients: Vec<Arena>,
    logits: Vec<f32>,
    /// The gradient of the loss with respect to the logits.
    gradient: Vec<f32>,
}

impl Fused {
    /// An engine for `network` with `parameters`; `seed` decides the dropout masks, `threads` share
    /// the work.
    ///
    /// # Errors
    /// What it lacks for this network, as the subject of a sentence.
    pub fn new(
        network: &model::Config,
        plan: &Plan,
        parameters: Parameters,
        loss: loss::Config,
        optimizer: Box<dyn Optimizer>,
        seed: u64,
        threads: usize,
    ) -> std::result::Result<Self, String> {
        let network = compile::compile(network, plan)?;
        let mut count = 0;
        let number = |trainable: bool| {
            count += usize::from(trainable);
            trainable.then(|| count - 1)
        };
        let trained = parameters.iter().map(|parameter| parameter.trainable).map(number).collect();
        let state = optimizer.state().into_iter().flat_map(|(_, slots)| slots.to_vec());
        let variables: Vec<_> =
            parameters.iter().map(|parameter| parameter.variable.clone()).chain(state).collect();
        let variables = Slices::new(&variables).map_err(|error| format!("parameters like these: {error}"))?;
        let clock = Clock::new(&network);
        Ok(Self {
            network,
            parameters,
            trained,
            variables,
            optimizer,
            loss,
            seed,
            team: Team::new(threads),
            isa: Isa::detect(),
            memory: Memory::default(),
            clock,
        })
    }

    /// Computes with other instructions than the best that the machine has; for tests.
    ///
    /// # Panics
    /// If the machine does not have them.
    #[must_use]
    pub fn with_isa(mut self, isa: Isa) -> Self {
        assert!(isa.available(), "{isa:?}");
        self.isa = isa;
        self
    }

    fn outputs(&self) -> usize {
        self.network.stages.last().map_or(self.network.input.channels(), |stage| stage.output().channels())
    }

    /// Makes room for batches of `samples`.
    fn reserve(&mut self, samples: usize, training: bool) {
        let Self { network, memory, team, .. } = self;
        memory.values.resize_with(network.stages.len() + 1, Arena::default);
        memory.gradients.resize_with(network.stages.len() + 1, Arena::default);
        memory.values[0].reserve(rows(samples) * network.input.len());
        for (i, stage) in network.stages.iter_mut().enumerate() {
            let len = rows(samples) * stage.output().len();
            stage.reserve(samples, team.threads(), training);
            memory.values[i + 1].reserve(len);
            if training && i >= network.first_trained {
                memory.gradients[i + 1].reserve(len);
            }
        }
    }
}

impl Engine for Fused {
    fn name(&self) -> &'static str {
        "fused"
    }

    fn step(&mut self, batch: &Batch<'_>, step: u64, learning_rate: f64) -> Result<Step<'_>> {
        self.reserve(batch.samples.len(), true);
        let outputs = self.outputs();
        let Self { network, trained, variables, optimizer, loss, seed, team, isa, memory, clock, .. } = self;
        let (loss, optimizer) = (loss.member(), optimizer.as_ref());
        let count = trained.len();
        let (mut value, mut finite) = (0.0, true);
        variables.lend(|slices| {
            let (parameters, state) = slices.split_at_mut(count);
            let mut turn = Turn {
                team,
                isa: *isa,
                samples: batch.samples.len(),
                pass: Pass::Training { seed: *seed, step },
                weights: Weights { parameters, state, trained },
                finite: true,
            };
            clock.start();
            memory.forward(network, &mut turn, &batch.samples, outputs, clock);
            memory.gradient.resize(memory.logits.len(), 0.0);
            let sum = loss.sum_and_gradient(&memory.logits, batch.truth, &mut memory.gradient)?;
            value = sum / turn.samples as f64;
            if value.is_finite() {
                memory.seed_gradient(turn.samples, outputs);
                clock.mark();
                memory.backward(
                    network,
                    &mut turn,
                    &Update { optimizer, learning_rate, step: step + 1 },
                    clock,
                );
                finite = turn.finite;
            }
            Ok(())
        })?;
        if !finite {
            check_finite(&self.parameters, self.optimizer.as_ref(), step + 1)?;
        }
        let memory = &self.memory;
        Ok(Step { loss: value, logits: &memory.logits })
    }

    fn logits(&mut self, samples: &Samples<'_>) -> Result<&[f32]> {
        self.reserve(samples.len(), false);
        let outputs = self.outputs();
        let Self { network, trained, variables, team, isa, memory, .. } = self;
        variables.lend(|slices| {
            let (parameters, state) = slices.split_at_mut(trained.len());
            let mut turn = Turn {
                team,
                isa: *isa,
                samples: samples.len(),
                pass: Pass::Inference,
                weights: Weights { parameters, state, trained },
                finite: true,
            };
            memory.forward(network, &mut turn, samples, outputs, &mut Clock::default());
            Ok(())
        })?;
        Ok(&memory.logits)
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn optimizer(&self) -> &dyn Optimizer {
        self.optimizer.as_ref()
    }

    fn phases(&mut self) -> Vec<(String, Duration)> {
        self.clock.take()
    }
}

impl Memory {
    /// Loads the samples, runs all stages, and takes the logits.
    fn forward(
        &mut self,
        network: &mut Compiled,
        turn: &mut Turn<'_, '_>,
        samples: &Samples<'_>,
        outputs: usize,
        clock: &mut Clock,
    ) {
        let input = &network.input;
        let order = match input.shape.image() {
            Some(_) => Order::ChannelsLast(input.image),
            None if network.shares_inputs => Order::Columns(input.len()),
            None => Order::Flat(input.len()),
        };
        let source = match samples.features {
            Features::Bytes(bytes) => Source::Bytes(bytes),
            Features::Floats(floats) => Source::Floats(floats),
        };
        let channels = samples.shape.0.first().copied().unwrap_or(1).max(1);
        let size = samples.shape.elements().unwrap_or(0) / channels;
        let (scale, shift) = (samples.scaling.scale(), samples.scaling.shift());
        let load = Load { source, indices: samples.indices, channels, size, scale, shift, order };
        load.run(turn.team, turn.isa, &mut self.values[0]);
        clock.mark();
        for (i, stage) in network.stages.iter_mut().enumerate() {
            let (before, after) = self.values.split_at_mut(i + 1);
            stage.forward(turn, &before[i], &mut after[0]);
            clock.mark();
        }
        let last = &self.values[network.stages.len()];
        self.logits.clear();
        for row in last.chunks_exact(stride(outputs)).take(turn.samples) {
            self.logits.extend_from_slice(&row[..outputs]);
        }
    }

    /// The gradient of the mean loss becomes that of the last stage's output.
    fn seed_gradient(&mut self, samples: usize, outputs: usize) {
        let Some(last) = self.gradients.last_mut() else { return };
        let scale = 1.0 / samples as f32;
        for (row, gradient) in
            last.chunks_exact_mut(stride(outputs)).zip(self.gradient.chunks_exact(outputs.max(1)))
        {
            row.iter_mut().zip(gradient).for_each(|(to, gradient)| *to = gradient * scale);
        }
    }

    /// Runs the stages backward, as far as there are parameters.
    fn backward(
        &mut self,
        network: &mut Compiled,
        turn: &mut Turn<'_, '_>,
        update: &Update<'_>,
        clock: &mut Clock,
    ) {
        let first = network.first_trained;
        for (i, stage) in network.stages.iter_mut().enumerate().skip(first).rev() {
            let (before, after) = self.gradients.split_at_mut(i + 1);
            let x_gradient = (i > first).then(|| &mut *before[i]);
            let (x, y) = (&self.values[i], &self.values[i + 1]);
            stage.backward(turn, update, x, y, &mut after[0], x_gradient);
            clock.mark();
        }
    }
}

/// Measures the phases of training steps, once somebody has asked for them.
#[derive(Default)]
struct Clock {
    phases: Vec<(String, Duration)>,
    last: Option<Instant>,
    next: usize,
    running: bool,
}

impl Clock {
    fn new(network: &Compiled) -> Self {
        let names = || network.stages.iter().map(|stage| stage.name());
        let forward = names().map(|name| format!("{name} forward"));
        let backward = names().skip(network.first_trained).rev().map(|name| format!("{name} backward"));
        let all = std::iter::once("input".to_owned()).chain(forward);
        let all = all.chain(std::iter::once("loss".to_owned())).chain(backward);
        Self { phases: all.map(|name| (name, Duration::ZERO)).collect(), ..Self::default() }
    }

    /// A step begins.
    fn start(&mut self) {
        if self.running {
            self.next = 0;
            self.last = Some(Instant::now());
        }
    }

    /// The current phase ends, the next begins.
    fn mark(&mut self) {
        if let Some(last) = self.last {
            let now = Instant::now();
            if let Some((_, time)) = self.phases.get_mut(self.next) {
                *time += now - last;
            }
            self.next += 1;
            self.last = Some(now);
        }
    }

    /// The times so far, which begin again at 0.
    fn take(&mut self) -> Vec<(String, Duration)> {
        self.running = true;
        self.phases.iter_mut().map(|(name, time)| (name.clone(), std::mem::take(time))).collect()
    }
}
