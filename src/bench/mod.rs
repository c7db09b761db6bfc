//! What a config costs on this machine: training steps, inference, and how far both are from the
//! least that the hardware allows.
//!
//! Training steps are timed one by one, over batches of the config's own size in the order in which
//! training takes them; what an epoch does beside its steps (shuffling, metrics, checkpoints) is not
//! measured. After the config's number of epochs the network starts again from its first values, because
//! numbers that are nearly 0 after hundreds of epochs are slower to compute with. Times are medians.
//!
//! ```
//! use taper::bench::{Bench, Options};
//! use taper::{Experiment, candle_core::Device, data::SearchPath};
//!
//! # fn main() -> taper::Result<()> {
//! let experiment = Experiment::built_in("binary_mlp")?;
//! let mut bench = Bench::new(experiment, &SearchPath::default(), Device::Cpu)?;
//! let report = bench.measure(Options { seconds: 0.01 })?;
//! assert!(report.step_us.median > 0.0 && report.conditions.batch_size == 32);
//! # Ok(())
//! # }
//! ```

mod baseline;
mod cost;
mod inference;
mod load;
mod percentiles;
mod samples;
mod training;

pub use baseline::{Allowance, Baseline, Comparison};
pub use cost::{Cost, Roofline};
pub use inference::Inference;
pub use load::Others;
pub use percentiles::Percentiles;

use candle_core::Device;
use serde::{Deserialize, Serialize, Serializer};

use crate::data::SearchPath;
use crate::device;
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::interrupt::Interrupt;
use crate::run::Run;
use crate::threads;
use taper_kernels::simd::lanes::Isa;

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The time for training steps; inference takes half of it again. At least 20 steps and calls are
    /// timed, however long they take.
    pub seconds: f64,
}

/// What must be equal for two results to be comparable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conditions {
    /// The config's name.
    pub config: String,
    /// The network's parameters, trained or not.
    pub parameters: u64,
    /// Samples in a training step: the config's, or as many as there are.
    pub batch_size: usize,
    /// What took the steps.
    pub engine: String,
    /// Where.
    pub device: String,
    /// How many CPU threads.
    pub threads: usize,
    /// Whether this is a build for debugging.
    pub debug_build: bool,
}

/// Where the samples came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Data {
    /// From the data set.
    Real,
    /// Made up in its shape.
    Random,
}

/// What was measured. Times are in microseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of taper.
    pub taper: &'static str,
    /// What was measured, and with what.
    #[serde(flatten)]
    pub conditions: Conditions,
    /// The instruction set of the CPU kernels.
    pub isa: &'static str,
    /// Where the samples came from.
    pub data: Data,
    /// The median step's time for each of its samples.
    pub us_per_sample: f64,
    /// The samples that such steps train in a second.
    pub samples_per_second: f64,
    /// A whole step.
    pub step_us: Percentiles,
    /// The mean time of a step by phase, in order; empty if the engine does not tell phases apart, or one of them
    /// took longer than the median step, as happens on a busy machine.
    #[serde(serialize_with = "map")]
    pub phases_us: Vec<(String, f64)>,
    /// 10^9 operations per second of the median step, counted as in [`Cost`].
    pub gflops: f64,
    /// The least time that the hardware allows; not known off the CPU, nor where steps were faster, because the
    /// machine was busy while it was measured.
    pub roofline: Option<Roofline>,
    /// Prediction.
    pub inference: Inference,
    /// What other processes did meanwhile, where the system tells.
    pub other_processes: Option<Others>,
}

/// Pairs as a map that keeps their order.
fn map<S: Serializer>(pairs: &[(String, f64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}

/// A config with its samples and its network, to be measured.
pub struct Bench {
    run: Run,
    missing: Option<Error>,
    interrupt: Interrupt,
}

impl Report {
    /// Whether other processes took much of the time that was measured.
    #[must_use]
    pub fn is_disturbed(&self) -> bool {
        self.other_processes.is_some_and(|others| others.disturb(self.conditions.threads))
    }
}

impl Bench {
    /// Loads the samples of `experiment` and builds its network. If they are not on disk and cannot be
    /// fetched, random ones of the shape that the config declares take their place.
    ///
    /// # Errors
    /// If files are damaged, or are not there and the config does not say what shape they have; if the
    /// samples do not fit the network.
    pub fn new(experiment: Experiment, search: &SearchPath, device: Device) -> Result<Self> {
        let interrupt = search.loading.interrupt().clone();
        let (splits, missing) = samples::load(&experiment, search)?;
        Ok(Self { run: Run::with_samples(experiment, splits, search, device)?, missing, interrupt })
    }

    /// Why the samples are random ones, if they are.
    #[must_use]
    pub fn missing(&self) -> Option<&Error> {
        self.missing.as_ref()
    }

    /// What must be equal for a result to be comparable with that of [`measure`](Self::measure).
    #[must_use]
    pub fn conditions(&self) -> Conditions {
        let run = &self.run;
        Conditions {
            config: run.experiment.name.clone(),
            parameters: run.plan.parameters(),
            batch_size: training::batch_size(run),
            engine: run.engine.name().to_owned(),
            device: device::describe(&run.device),
            threads: threads::count(),
            debug_build: cfg!(debug_assertions),
        }
    }

    /// Measures. The weights are not what they were afterwards.
    ///
    /// # Errors
    /// [`Error::Diverged`] if a loss is not finite; [`Error::Interrupted`] after a signal; otherwise what the tensor library refuses.
    pub fn measure(&mut self, options: Options) -> Result<Report> {
        let (conditions, isa) = (self.conditions(), Isa::detect());
        let run = &mut self.run;
        let training = training::measure(run, options.seconds, &self.interrupt)?;
        let inference = inference::measure(run, options.seconds / 4.0, &self.interrupt)?;
        let samples = conditions.batch_size as f64;
        let us_per_sample = training.steps.median / samples;
        let state_count = run.experiment.optimizer.member().state_count();
        let cost = Cost::of_step(&run.plan, state_count, conditions.batch_size);
        let on_cpu = run.device.is_cpu();
        let roofline = on_cpu.then(|| Roofline::measure(&cost, conditions.batch_size, us_per_sample, isa));
        let roofline = roofline.filter(|roofline| roofline.share <= 1.0);
        Ok(Report {
            taper: env!("CARGO_PKG_VERSION"),
            conditions,
            isa: name(isa),
            data: if self.missing.is_some() { Data::Random } else { Data::Real },
            us_per_sample,
            samples_per_second: 1e6 / us_per_sample,
            step_us: training.steps,
            phases_us: plausible(training.phases, training.steps.median),
            gflops: cost.flops / training.steps.median / 1e3,
            roofline,
            inference,
            other_processes: training.others,
        })
    }
}

/// No phases where one takes longer than a whole step.
fn plausible(phases: Vec<(String, f64)>, step: f64) -> Vec<(String, f64)> {
    if phases.iter().any(|(_, time)| *time > step) { Vec::new() } else { phases }
}

fn name(isa: Isa) -> &'static str {
    match isa {
        Isa::Avx512 => "avx512",
        Isa::Avx2 => "avx2",
        Isa::Portable => "portable",
    }
}
