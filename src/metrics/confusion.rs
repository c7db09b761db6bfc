//! The confusion matrix, for the report of `taper eval`.

use std::collections::BTreeMap;

use candle_core::Result;

use super::predicted::check_classes;

/// The maximum number of classes whose matrix is reported. Larger matrices are left out: their size is the
/// square of the number of classes.
pub const MAX_CLASSES: usize = 1_000;

/// Counts of pairs of target and predicted class: only those that occur, so that memory is at most linear
/// in the number of samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    counts: BTreeMap<(u32, u32), u64>, // (target, prediction)
}

impl Confusion {
    /// Counts of no samples.
    #[must_use]
    pub fn new(classes: usize) -> Self {
        Self { classes, counts: BTreeMap::new() }
    }

    /// Counts samples by target class and predicted class.
    ///
    /// # Errors
    /// If the lists differ in length or a class is out of range; then nothing is counted.
    pub fn count(&mut self, targets: &[u32], predicted: &[u32]) -> Result<()> {
        check_classes(targets, predicted, self.classes)?;
        targets.iter().zip(predicted).for_each(|(target, predicted)| self.note(*target, *predicted));
        Ok(())
    }

    /// Counts a sample whose classes were checked.
    pub(super) fn note(&mut self, target: u32, predicted: u32) {
        *self.counts.entry((target, predicted)).or_default() += 1;
    }

    /// The matrix: one row per target class, one column per predicted class. `None` for more than
    /// [`MAX_CLASSES`] classes.
    #[must_use]
    pub fn matrix(&self) -> Option<Vec<Vec<u64>>> {
        if self.classes > MAX_CLASSES {
            return None;
        }
        let mut rows = vec![vec![0; self.classes]; self.classes];
        for ((target, predicted), count) in &self.counts {
            rows[*target as usize][*predicted as usize] = *count;
        }
        Some(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_target_classes_and_columns_predicted_ones() -> Result<()> {
        let mut confusion = Confusion::new(3);
        confusion.count(&[0, 0, 2], &[1, 1, 2])?;
        assert_eq!(confusion.matrix().expect("few classes"), [[0, 2, 0], [0, 0, 0], [0, 0, 1]]);
        assert!(confusion.count(&[3], &[0]).is_err() && confusion.count(&[0], &[]).is_err());
        Ok(())
    }

    #[test]
    fn many_classes_have_no_matrix() -> Result<()> {
        let mut confusion = Confusion::new(1_000_000);
        confusion.count(&[999_999], &[5])?;
        assert_eq!((confusion.matrix(), confusion.counts.len()), (None, 1));
        assert!(Confusion::new(MAX_CLASSES).matrix().is_some());
        Ok(())
    }
}
