//! Measures how fast a config trains and predicts on this machine, and compares training with the limit of the
//! hardware.
//!
//! Training steps are timed one by one, with the config's batch size and the sample order of training; the other work
//! of an epoch (shuffling, metrics, checkpoints) is not measured. After the config's number of epochs, the network is
//! reset to its initial values, because values close to 0 after hundreds of epochs are slower to compute with. Times are
//! medians.
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
    /// The time for training steps, in seconds; inference takes half as long in addition. At least 20 steps and calls
    /// are timed, no matter how long they take.
    pub seconds: f64,
}

/// The conditions of a measurement; two results are comparable if they are equal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conditions {
    /// The name of the config.
    pub config: String,
    /// The number of parameters, trainable or not.
    pub parameters: u64,
    /// The number of samples per training step: the config's, or all samples if there are fewer.
    pub batch_size: usize,
    /// The engine.
    pub engine: String,
    /// The device.
    pub device: String,
    /// The number of CPU threads.
    pub threads: usize,
    /// Whether this is a debug build.
    pub debug_build: bool,
}

/// The kind of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Data {
    /// Samples of the data set.
    Real,
    /// Random samples of the same shape.
    Random,
}

/// The result of a measurement. Times are in microseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of taper.
    pub taper: &'static str,
    /// The conditions of the measurement.
    #[serde(flatten)]
    pub conditions: Conditions,
    /// The instruction set of the CPU kernels.
    pub isa: &'static str,
    /// The kind of samples.
    pub data: Data,
    /// The time of the median step per sample.
    pub us_per_sample: f64,
    /// The number of samples per second at the median step.
    pub samples_per_second: f64,
    /// The times of the steps.
    pub step_us: Percentiles,
    /// The mean time of each phase of a step, in order; empty if the engine does not report phases, or if a phase took
    /// longer than the median step, which happens on a busy machine.
    #[serde(serialize_with = "map")]
    pub phases_us: Vec<(String, f64)>,
    /// 10^9 floating-point operations per second at the median step, counted as in [`Cost`].
    pub gflops: f64,
    /// The roofline limit. `None` on other devices than the CPU, and if steps were faster than the limit:
    /// because the machine was busy when its rates were measured, or because many products were left out,
    /// such as those with zeros.
    pub roofline: Option<Roofline>,
    /// The times of inference.
    pub inference: Inference,
    /// The load by other processes during training steps, if the system reports it.
    pub other_processes: Option<Others>,
}

/// Serializes pairs as a map in their order.
fn map<S: Serializer>(pairs: &[(String, f64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}

/// A config with its samples and its network, ready to be measured.
pub struct Bench {
    run: Run,
    missing: Option<Error>,
    interrupt: Interrupt,
}

impl Report {
    /// Whether other processes took a significant part of the CPU time during the measurement.
    #[must_use]
    pub fn is_disturbed(&self) -> bool {
        self.other_processes.is_some_and(|others| others.disturb(self.conditions.threads))
    }
}

impl Bench {
    /// Loads the samples of `experiment` and builds its network. If the samples are not on disk and cannot be
    /// downloaded, random samples of the shape declared in the config take their place.
    ///
    /// # Errors
    /// If files are damaged, or missing while the config does not declare their shape; if the samples do not match
    /// the network.
    pub fn new(experiment: Experiment, search: &SearchPath, device: Device) -> Result<Self> {
        let interrupt = search.loading.interrupt().clone();
        let (splits, missing) = samples::load(&experiment, search)?;
        Ok(Self { run: Run::with_samples(experiment, splits, search, device)?, missing, interrupt })
    }

    /// Why the samples are random, if they are.
    #[must_use]
    pub fn missing(&self) -> Option<&Error> {
        self.missing.as_ref()
    }

    /// The conditions of [`measure`](Self::measure).
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

    /// Runs the measurement, which changes the weights.
    ///
    /// # Errors
    /// [`Error::Diverged`] if a loss is not finite; [`Error::Interrupted`] after a signal; otherwise if candle returns
    /// an error.
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

/// The phases, or none if one takes longer than a whole step.
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
