//! Class labels as a loss takes them: one for each sample, or a mixture of two.

use candle_core::{DType, Result, Tensor};

use crate::data::BatchTargets;

/// The labels of a batch.
#[derive(Clone, Copy)]
pub struct Labels<'a> {
    labels: &'a [u32],
    /// A second label for each sample, and the share of the first one in the target.
    mixture: Option<(&'a [u32], &'a [f32])>,
}

impl<'a> Labels<'a> {
    /// The labels in `targets`, and the number of logits for each.
    ///
    /// # Errors
    /// If `targets` are numbers, or the lengths do not match.
    pub fn of(logits: &[f32], targets: BatchTargets<'a>, gradient: &[f32]) -> Result<(Self, usize)> {
        let labels = match targets {
            BatchTargets::Classes(labels) => Self { labels, mixture: None },
            BatchTargets::Mixed { labels, others, shares } => {
                Self { labels, mixture: Some((others, shares)) }
            }
            BatchTargets::Values { .. } => {
                candle_core::bail!("numbers for a loss that takes class labels");
            }
        };
        let count = labels.labels.len();
        let whole = logits.len().is_multiple_of(count) && logits.is_empty() == (count == 0);
        if !whole || gradient.len() != logits.len() {
            candle_core::bail!(
                "{} logits for {count} labels, and a gradient of length {}",
                logits.len(),
                gradient.len()
            );
        }
        Ok((labels, logits.len() / count.max(1)))
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.labels.is_empty()
    }

    /// The parts of each sample's target: two labels with their shares, of which the second may be 0.
    pub fn parts(self) -> impl Iterator<Item = [(usize, f64); 2]> {
        self.labels.iter().enumerate().map(move |(i, label)| {
            let (other, share) = match self.mixture {
                Some((others, shares)) => (others[i], f64::from(shares[i])),
                None => (*label, 1.0),
            };
            [(*label as usize, share), (other as usize, 1.0 - share)]
        })
    }
}

/// The labels of a tensor: `[batch]` of `u32`, or `[batch, 3]` of two labels and the share of the first.
pub struct Stored {
    labels: Vec<u32>,
    mixture: Option<(Vec<u32>, Vec<f32>)>,
}

impl Stored {
    /// Reads `targets`.
    ///
    /// # Errors
    /// If they have another shape or type.
    pub fn read(targets: &Tensor) -> Result<Self> {
        if targets.rank() == 1 {
            return Ok(Self { labels: targets.to_vec1()?, mixture: None });
        }
        let [labels, others, shares] = mixture(targets)?;
        let mixture = (others.to_vec1()?, shares.to_dtype(DType::F32)?.to_vec1()?);
        Ok(Self { labels: labels.to_vec1()?, mixture: Some(mixture) })
    }

    /// The labels.
    pub fn labels(&self) -> Labels<'_> {
        let mixture = self.mixture.as_ref().map(|(others, shares)| (&others[..], &shares[..]));
        Labels { labels: &self.labels, mixture }
    }
}

/// The parts of the targets in a tensor: labels, each with the share of every sample's target.
pub fn parts(targets: &Tensor) -> Result<Vec<(Tensor, Option<Tensor>)>> {
    if targets.rank() == 1 {
        return Ok(vec![(targets.clone(), None)]);
    }
    let [labels, others, share] = mixture(targets)?;
    let rest = share.affine(-1.0, 1.0)?;
    Ok(vec![(labels, Some(share)), (others, Some(rest))])
}

fn mixture(targets: &Tensor) -> Result<[Tensor; 3]> {
    let column = |i: usize| targets.narrow(1, i, 1)?.flatten_all();
    Ok([column(0)?.to_dtype(DType::U32)?, column(1)?.to_dtype(DType::U32)?, column(2)?])
}
