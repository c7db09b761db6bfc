//! Batches of an epoch, in order, prepared ahead on another thread where that helps.

use std::sync::mpsc;

use candle_core::Device;

use super::batch::HostBatch;
use super::{Batch, Dataset, Scaling};
use crate::error::Result;

/// Batches of fewer values than this are gathered in place. On two busy cores a thread neither gained
/// nor lost at batches of 25,000 to 400,000 values (MNIST, 2026-11-22); it is for large images, whose
/// gathering takes milliseconds, beside a GPU or an idle core.
const WORTH_A_THREAD: usize = 1 << 18;

/// Calls `consume` with each batch of `batch_size` samples of `order` (the last may be smaller),
/// until all are used or `consume` returns `false`.
///
/// # Errors
/// The first error of a tensor or of `consume`.
pub fn for_each_batch(
    dataset: &Dataset,
    order: &[usize],
    batch_size: usize,
    scaling: &Scaling,
    device: &Device,
    mut consume: impl FnMut(Batch) -> Result<bool>,
) -> Result<()> {
    let chunks = order.chunks(batch_size.max(1));
    let values = dataset.sample_shape.elements().unwrap_or(0).saturating_mul(batch_size);
    if values < WORTH_A_THREAD {
        for indices in chunks {
            if !consume(dataset.batch(indices, scaling, device)?)? {
                break;
            }
        }
        return Ok(());
    }
    std::thread::scope(|scope| {
        // Two batches wait at most: one being used, one ready.
        let (sender, receiver) = mpsc::sync_channel::<HostBatch>(1);
        scope.spawn(move || {
            for indices in chunks {
                if sender.send(dataset.gather(indices, scaling)).is_err() {
                    break; // the consumer has stopped
                }
            }
        });
        for batch in receiver {
            if !consume(batch.on(dataset, device)?)? {
                break;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Features, Targets};
    use crate::shape::Shape;

    fn numbers(samples: usize, size: usize) -> Dataset {
        Dataset {
            sample_shape: Shape(vec![size]),
            features: Features::Floats((0..samples * size).map(|i| (i / size) as f32).collect()),
            targets: Targets::Values { values: (0..samples).map(|i| i as f32).collect(), width: 1 },
        }
    }

    fn seen(data: &Dataset, batch_size: usize, stop_after: usize) -> Result<Vec<Vec<f32>>> {
        let order: Vec<usize> = (0..data.len()).rev().collect();
        let scaling = Scaling::new(&data.features, None);
        let mut batches = Vec::new();
        for_each_batch(data, &order, batch_size, &scaling, &Device::Cpu, |batch| {
            assert_eq!(batch.features.dims()[0], batch.samples);
            batches.push(batch.targets.flatten_all()?.to_vec1()?);
            Ok(batches.len() < stop_after)
        })?;
        Ok(batches)
    }

    #[test]
    fn small_and_large_samples_come_in_the_same_order() -> Result<()> {
        let expected = vec![vec![4.0, 3.0], vec![2.0, 1.0], vec![0.0]];
        assert_eq!(seen(&numbers(5, 1), 2, 9)?, expected);
        assert_eq!(seen(&numbers(5, WORTH_A_THREAD), 2, 9)?, expected);
        Ok(())
    }

    #[test]
    fn stops_when_told_to() -> Result<()> {
        assert_eq!(seen(&numbers(5, 1), 2, 1)?.len(), 1);
        assert_eq!(seen(&numbers(5, WORTH_A_THREAD), 2, 1)?.len(), 1);
        Ok(())
    }
}
