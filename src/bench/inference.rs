//! Calls without training, timed one by one.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::percentiles::Percentiles;
use crate::data::Samples;
use crate::error::{Error, Result};
use crate::inference;
use crate::interrupt::Interrupt;
use crate::run::Run;

/// The least number of calls that are timed, and of those before.
const LEAST_CALLS: usize = 20;
const WARM_UP_CALLS: usize = 3;

/// What prediction takes, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inference {
    /// One sample alone.
    pub latency_us: Percentiles,
    /// Each sample of a batch of `batch_size`, by the median call.
    pub us_per_sample: f64,
    /// The samples of such a batch: those that `taper eval` takes at once (256, fewer where samples are
    /// large), or as many as there are.
    pub batch_size: usize,
}

/// Predicts for `seconds` with single samples, and for as long with batches.
///
/// # Errors
/// What the tensor library refuses; [`Error::Interrupted`] after a signal.
pub fn measure(run: &mut Run, seconds: f64, interrupt: &Interrupt) -> Result<Inference> {
    let batch_size =
        inference::batch_size(&run.data.train.sample_shape).min(run.data.train_order.len()).max(1);
    let time = Duration::from_secs_f64(seconds);
    let latency_us = Percentiles::of(calls(run, 1, time, interrupt)?);
    let batches = Percentiles::of(calls(run, batch_size, time, interrupt)?);
    Ok(Inference { latency_us, us_per_sample: batches.median / batch_size as f64, batch_size })
}

/// The microseconds of each call with `size` samples.
fn calls(run: &mut Run, size: usize, time: Duration, interrupt: &Interrupt) -> Result<Vec<f64>> {
    let Run { data, engine, .. } = run;
    let mut batches = data.train_order.chunks_exact(size).cycle();
    let mut call = || -> Result<f64> {
        if let Some(signal) = interrupt.signal() {
            return Err(Error::Interrupted(signal));
        }
        let indices = batches.next().unwrap_or_default();
        let (features, shape) = (&data.train.features, &data.train.sample_shape);
        let start = Instant::now();
        engine.logits(&Samples { features, shape, indices, scaling: &data.scaling })?;
        Ok(start.elapsed().as_secs_f64() * 1e6)
    };
    (0..WARM_UP_CALLS).try_for_each(|_| call().map(drop))?;
    let start = Instant::now();
    let mut times = Vec::new();
    while times.len() < LEAST_CALLS || start.elapsed() < time {
        times.push(call()?);
    }
    Ok(times)
}
