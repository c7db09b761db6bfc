//! The running statistics of batch normalization, measured anew for averaged weights.

use candle_core::{Tensor, Var};

use crate::error::Result;
use crate::network::{Operation, Parameters, Plan};

/// The mean and the variance over all samples of a pass, for each layer with batch normalization.
pub struct Statistics {
    layers: Vec<Layer>,
    /// The number of samples.
    samples: f64,
}

struct Layer {
    /// The running mean and the running variance.
    running: [Var; 2],
    /// The share of the running statistics kept at each step.
    momentum: f64,
    /// The sums of the means, and of the means of the squares, times the number of samples.
    sums: [Vec<f64>; 2],
}

impl Statistics {
    /// Statistics of no samples, for the layers of `plan` that are not frozen.
    #[must_use]
    pub fn new(plan: &Plan, parameters: &Parameters) -> Self {
        let variables = parameters.variables();
        let layers = plan.nodes.iter().filter_map(|node| {
            let Operation::BatchNorm { momentum: Some(momentum), .. } = node.operation else { return None };
            let running = [2, 3].map(|i| variables[node.parameters.start + i].clone());
            let zeros = vec![0.0; running[0].elem_count()];
            Some(Layer { running, momentum, sums: [zeros.clone(), zeros] })
        });
        Self { layers: layers.collect(), samples: 0.0 }
    }

    /// Whether the network has no batch normalization.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// Before a training pass: with running statistics of 0, those after it are the share 1 - momentum of the batch's.
    ///
    /// # Errors
    /// If candle returns an error.
    pub fn clear_running(&self) -> Result<()> {
        for running in self.layers.iter().flat_map(|layer| &layer.running) {
            running.set(&running.zeros_like()?)?;
        }
        Ok(())
    }

    /// After the pass for a batch of `samples`.
    ///
    /// # Errors
    /// If candle returns an error.
    pub fn add(&mut self, samples: usize) -> Result<()> {
        let samples = samples as f64;
        for Layer { running, momentum, sums } in &mut self.layers {
            let batch = |running: &Var| -> Result<Vec<f32>> { Ok(running.flatten_all()?.to_vec1()?) };
            let scale = 1.0 / (1.0 - *momentum);
            let (means, variances) = (batch(&running[0])?, batch(&running[1])?);
            for (i, (mean, variance)) in means.into_iter().zip(variances).enumerate() {
                let (mean, variance) = (f64::from(mean) * scale, f64::from(variance) * scale);
                sums[0][i] += samples * mean;
                sums[1][i] += samples * (variance + mean * mean);
            }
        }
        self.samples += samples;
        Ok(())
    }

    /// Makes the statistics of all samples so far the running ones.
    ///
    /// # Errors
    /// If candle returns an error.
    pub fn store(&self) -> Result<()> {
        for Layer { running, sums, .. } in &self.layers {
            let means: Vec<f64> = sums[0].iter().map(|sum| sum / self.samples).collect();
            let squares = sums[1].iter().map(|sum| sum / self.samples);
            let variances = squares.zip(&means).map(|(square, mean)| (square - mean * mean).max(0.0) as f32);
            let new = [means.iter().map(|mean| *mean as f32).collect::<Vec<f32>>(), variances.collect()];
            for (running, new) in running.iter().zip(new) {
                running.set(&Tensor::from_vec(new, running.shape(), running.device())?)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::random::{Purpose, Stream};

    #[test]
    fn a_short_last_batch_counts_by_its_samples() -> Result<()> {
        let momentum = 0.9;
        let zeros = || Var::zeros(1, candle_core::DType::F32, &Device::Cpu);
        let layer = Layer { running: [zeros()?, zeros()?], momentum, sums: [vec![0.0], vec![0.0]] };
        let mut statistics = Statistics { layers: vec![layer], samples: 0.0 };
        let mut stream = Stream::new(1, Purpose::Data, [0, 0]);
        let values: Vec<f64> = (0..30).map(|i| stream.normal() + f64::from(i) / 10.0).collect();
        let measure = |values: &[f64]| {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            [mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64]
        };
        for batch in values.chunks(7) {
            statistics.clear_running()?;
            // What a training pass does to running statistics of 0.
            for (running, batch) in statistics.layers[0].running.iter().zip(measure(batch)) {
                let kept = [(batch * (1.0 - momentum)) as f32];
                running.set(&Tensor::new(&kept, &Device::Cpu)?)?;
            }
            statistics.add(batch.len())?;
        }
        statistics.store()?;
        for (running, whole) in statistics.layers[0].running.iter().zip(measure(&values)) {
            let found = f64::from(running.to_vec1::<f32>()?[0]);
            assert!((found - whole).abs() < 1e-5, "{found} {whole}");
        }
        Ok(())
    }
}
