//! The fast CPU engine: the forward pass, backward pass and update of a whole network as a fixed list of
//! stages over memory that is allocated once, without a graph.
//!
//! Parameters and optimizer state remain candle variables, in the same order and layout as in the graph
//! engine, and are updated in place: checkpoints, evaluation and the other engine see the same values.
//! Results agree with the graph engine's to rounding, which is tested for every config.

mod batch_norm;
mod chain;
mod clock;
mod compile;
mod convolution;
mod dense;
mod elementwise;
mod flatten;
mod layer_norm;
mod layout;
mod network;
mod pass;
mod perturbation;
mod pooling;
mod predictor;
mod residual;
mod sequence;
mod stage;
mod stored;
mod thread_limit;

pub use compile::{Compiled, compile};
pub use predictor::FusedPredictor;

use std::time::{Duration, Instant};

use taper_kernels::simd::lanes::Isa;

use super::{Engine, Gradient, Part, Predictor, SharedTeam, Step, check_finite};
use crate::data::{Batch, Samples};
use crate::error::{Error, Result};
use crate::layers::Mode;
use crate::loss;
use crate::network::Parameters;
use crate::ops::slices::Slices;
use crate::optimizer::{Adjustment, Optimizer};
use clock::Clock;
use network::Network;
use pass::Pass;
use stage::{Sink, Weights};
use thread_limit::ThreadLimit;

/// Trains networks of supported layers, in `f32`, on the CPU.
pub struct Fused {
    network: Network,
    parameters: Parameters,
    /// For each parameter, its index among the trained parameters.
    trained: Vec<Option<usize>>,
    /// The values of the parameters, then of the optimizer state.
    variables: Slices<f32>,
    optimizer: Box<dyn Optimizer>,
    /// Whether parameters are updated differently, so that their gradients must be known first.
    adjusted: bool,
    loss: loss::Config,
    seed: u64,
    team: SharedTeam,
    thread_limit: ThreadLimit,
    isa: Isa,
    /// Allocated on first use.
    gradient: Option<Gradient>,
    clock: Clock,
}

impl Fused {
    /// An engine for `compiled` with `parameters`; `seed` determines the dropout masks, `team` computes.
    ///
    /// # Errors
    /// If parameters and state are not contiguous `f32` values on the CPU.
    pub fn new(
        compiled: Compiled,
        parameters: Parameters,
        loss: loss::Config,
        optimizer: Box<dyn Optimizer>,
        seed: u64,
        team: SharedTeam,
    ) -> Result<Self> {
        let mut count = 0;
        let number = |trainable: bool| {
            count += usize::from(trainable);
            trainable.then(|| count - 1)
        };
        let trained = parameters.iter().map(|parameter| parameter.trainable).map(number).collect();
        let state = optimizer.state().into_iter().flat_map(|(_, variables)| variables.to_vec());
        let variables: Vec<_> =
            parameters.iter().map(|parameter| parameter.variable.clone()).chain(state).collect();
        let variables = Slices::new(&variables)?;
        let stages: Vec<&str> = compiled.stages.names().collect();
        let clock = Clock::new(&stages, compiled.stages.first_trained());
        let (network, isa) = (Network::new(compiled), Isa::detect());
        let (thread_limit, gradient) = (ThreadLimit::new(team.threads()), None);
        Ok(Self {
            network,
            parameters,
            trained,
            variables,
            optimizer,
            adjusted: false,
            loss,
            seed,
            team,
            thread_limit,
            isa,
            gradient,
            clock,
        })
    }

    /// Uses the instruction set `isa` instead of the machine's best one; for tests.
    ///
    /// # Panics
    /// If the machine does not have it.
    #[must_use]
    pub fn with_isa(mut self, isa: Isa) -> Self {
        assert!(isa.available(), "{isa:?}");
        self.isa = isa;
        self
    }

    fn forward(&mut self, samples: &Samples<'_>, mode: Mode) -> Result<()> {
        let Self { network, trained, variables, team, isa, .. } = self;
        let mut team = team.lend();
        variables.lend(|slices| {
            let (parameters, state) = slices.split_at_mut(trained.len());
            let weights = Weights { parameters, state, trained, fixed: false };
            pass::forward(network, (&mut team, *isa), samples, mode, weights);
            Ok(())
        })?;
        Ok(())
    }

    /// Forward and backward pass for a part of a batch; gradients are accumulated if `accumulate`, otherwise used
    /// for the update at once. Returns the loss, and whether all values written are finite.
    fn pass(&mut self, batch: &Batch<'_>, part: Part, step: u64, accumulate: bool) -> Result<(f64, bool)> {
        let Self { network, trained, variables, optimizer, loss, seed, team, isa, gradient, clock, .. } =
            self;
        let start = Instant::now();
        let mut team = team.lend_up_to(self.thread_limit.threads());
        network.reserve(batch.samples.len(), team.threads(), true);
        let mode = Mode::Training { seed: *seed, step, first: part.first };
        let (loss, team) = (loss.member(), &mut *team);
        let pass = Pass { network, loss, batch, whole: part.whole, team, isa: *isa, mode, clock };
        let mut found = (0.0, true);
        variables.lend(|slices| {
            let (parameters, state) = slices.split_at_mut(trained.len());
            found = match gradient {
                Some(gradient) if accumulate => {
                    let mut parameters: Vec<&mut [f32]> =
                        parameters.iter_mut().map(|values| &mut **values).collect();
                    let mut sums: Vec<&mut [f32]> = gradient.each_mut().collect();
                    let (parameters, state) = (&mut parameters[..], &mut sums[..]);
                    pass.run(Weights { parameters, state, trained, fixed: false }, &Sink::Accumulate)?
                }
                _ => pass.run(
                    Weights { parameters, state, trained, fixed: false },
                    &Sink::Update(optimizer.as_ref()),
                )?,
            };
            Ok(())
        })?;
        self.thread_limit.record(batch.samples.len(), start.elapsed());
        Ok(found)
    }
}

impl Predictor for Fused {
    fn name(&self) -> &'static str {
        "fused"
    }

    fn logits(&mut self, samples: &Samples<'_>) -> Result<&[f32]> {
        self.forward(samples, Mode::Inference)?;
        Ok(&self.network.logits)
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }
}

impl Engine for Fused {
    fn step(&mut self, batch: &Batch<'_>, step: u64, learning_rate: f64) -> Result<Step<'_>> {
        if self.adjusted {
            return self.stored_step(batch, step, learning_rate);
        }
        self.optimizer.begin(learning_rate, step + 1);
        let (loss, finite) = self.pass(batch, Part::whole(batch.samples.len()), step, false)?;
        if !finite {
            check_finite(&self.parameters, self.optimizer.as_ref(), step + 1)?;
        }
        Ok(Step { loss, logits: &self.network.logits })
    }

    fn observe(&mut self, batch: &Batch<'_>, step: u64) -> Result<()> {
        self.forward(&batch.samples, Mode::Training { seed: self.seed, step, first: 0 })
    }

    fn gradients(&mut self, batch: &Batch<'_>, part: Part, step: u64) -> Result<Step<'_>> {
        self.gradient();
        let (loss, finite) = self.pass(batch, part, step, true)?;
        if !finite {
            check_finite(&self.parameters, self.optimizer.as_ref(), step + 1)?;
            if let Some((name, value)) = self.gradient().not_finite() {
                return Err(Error::NotFinite { name: format!("gradient of {name}"), value, step: step + 1 });
            }
        }
        Ok(Step { loss, logits: &self.network.logits })
    }

    fn gradient(&mut self) -> &mut Gradient {
        self.gradient.get_or_insert_with(|| Gradient::new(&self.parameters))
    }

    fn apply(&mut self, step: u64, learning_rate: f64) -> Result<()> {
        self.apply_stored(step, learning_rate)
    }

    fn adjust(&mut self, adjustments: &[Adjustment]) {
        self.optimizer.adjust(adjustments);
        self.adjusted = adjustments.iter().any(|own| *own != Adjustment::default());
    }

    fn optimizer(&self) -> &dyn Optimizer {
        self.optimizer.as_ref()
    }

    fn profile(&mut self, on: bool) {
        self.clock.switch(on);
    }

    fn phases(&mut self) -> Vec<(String, Duration)> {
        self.clock.take()
    }
}
