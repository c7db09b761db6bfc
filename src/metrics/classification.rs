//! placeholder until branch `math` is merged
use candle_core::{D, Tensor};
use serde::{Deserialize, Serialize};
/// Counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confusion {
    classes: usize,
    counts: Vec<u64>,
}
/// Report.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "placeholder")]
pub struct Report {
    pub accuracy: f64,
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
}
#[allow(missing_docs, reason = "placeholder")]
impl Confusion {
    pub fn new(classes: usize) -> Self {
        Self { classes, counts: vec![0; classes * classes] }
    }
    pub fn add(&mut self, logits: &Tensor, targets: &Tensor) -> crate::Result<()> {
        let predicted: Vec<u32> = if logits.dim(1)? == 1 {
            logits.flatten_all()?.gt(0.0)?.to_dtype(candle_core::DType::U32)?.to_vec1()?
        } else {
            logits.argmax(D::Minus1)?.to_vec1()?
        };
        for (p, t) in predicted.iter().zip(targets.to_vec1::<u32>()?) {
            self.counts[t as usize * self.classes + *p as usize] += 1;
        }
        Ok(())
    }
    pub fn accuracy(&self) -> f64 {
        let all: u64 = self.counts.iter().sum();
        let right: u64 = (0..self.classes).map(|c| self.counts[c * self.classes + c]).sum();
        right as f64 / all.max(1) as f64
    }
    pub fn report(&self) -> Report {
        Report { accuracy: self.accuracy(), precision: 0.0, recall: 0.0, f1: 0.0 }
    }
}
