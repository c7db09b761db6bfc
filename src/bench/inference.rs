//! Times inference call by call, with a predictor like those of `taper predict` and `taper serve`.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::percentiles::Percentiles;
use crate::data::{Loader, Prepared};
use crate::engine::Predictor;
use crate::error::{Error, Result};
use crate::inference;
use crate::interrupt::Interrupt;
use crate::run::Run;

/// The minimum number of timed calls, and the number of warm-up calls before them.
const LEAST_CALLS: usize = 20;
const WARM_UP_CALLS: usize = 3;

/// The times of inference, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inference {
    /// The time of a call with one sample.
    pub latency_us: Percentiles,
    /// The median time of a call with `batch_size` samples, per sample.
    pub us_per_sample: f64,
    /// The samples per batch: the batch size of `taper eval` (256, less for large samples), or all samples if there are
    /// fewer.
    pub batch_size: usize,
}

/// Measures for `seconds` with single samples, and again for `seconds` with batches.
///
/// # Errors
/// If candle returns an error; [`Error::Interrupted`] after a signal.
pub fn measure(run: &Run, seconds: f64, interrupt: &Interrupt) -> Result<Inference> {
    let batch_size =
        inference::batch_size(&run.data.train.sample_shape).min(run.data.train_indices.len()).max(1);
    let time = Duration::from_secs_f64(seconds);
    let mut predictor = run.predictor()?;
    let mut calls = |size| calls(predictor.as_mut(), &run.data, size, time, interrupt);
    let latency_us = Percentiles::of(calls(1)?);
    let batches = Percentiles::of(calls(batch_size)?);
    Ok(Inference { latency_us, us_per_sample: batches.median / batch_size as f64, batch_size })
}

/// The time of each call with `size` samples, in microseconds.
fn calls(
    predictor: &mut dyn Predictor,
    data: &Prepared,
    size: usize,
    time: Duration,
    interrupt: &Interrupt,
) -> Result<Vec<f64>> {
    let mut batches = data.train_indices.chunks_exact(size).cycle();
    let mut call = || -> Result<f64> {
        if let Some(signal) = interrupt.signal() {
            return Err(Error::Interrupted(signal));
        }
        let indices = batches.next().unwrap_or_default();
        let mut batch = Loader::new(&data.train, indices, size, &data.scaling);
        let Some(batch) = batch.next()? else { return Ok(f64::NAN) };
        let start = Instant::now();
        predictor.logits(&batch.samples)?;
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
