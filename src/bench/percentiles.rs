//! Percentiles of a list of times.

use serde::{Deserialize, Serialize};

/// The median, the 10th and the 90th percentile of a list of times.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// The median.
    pub median: f64,
    /// The 10th percentile.
    pub p10: f64,
    /// The 90th percentile.
    pub p90: f64,
}

impl Percentiles {
    /// The percentiles of `times`, with linear interpolation as in NumPy's default; 0 if `times` is empty.
    #[must_use]
    pub fn of(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * times.len().saturating_sub(1) as f64;
            let below = times.get(place as usize).copied().unwrap_or_default();
            let above = times.get(place as usize + 1).copied().unwrap_or(below);
            below + (above - below) * place.fract()
        };
        Self { median: at(0.5), p10: at(0.1), p90: at(0.9) }
    }

    /// Whether the times vary so much that the median is unreliable: the 90th percentile is more than 1.5 times the
    /// median.
    #[must_use]
    pub fn are_unsteady(&self) -> bool {
        self.p90 > 1.5 * self.median
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_interpolated() {
        // numpy.percentile([1, 2, 3, 4], [50, 10, 90]) = [2.5, 1.3, 3.7]
        let found = Percentiles::of(vec![4.0, 1.0, 3.0, 2.0]);
        assert_eq!(found.median, 2.5);
        assert!((found.p10 - 1.3).abs() < 1e-12 && (found.p90 - 3.7).abs() < 1e-12, "{found:?}");
        let found = Percentiles::of((0..=10).map(f64::from).collect());
        assert_eq!(found, Percentiles { median: 5.0, p10: 1.0, p90: 9.0 });
    }

    #[test]
    fn percentiles_of_one_time_are_that_time_and_of_none_are_zero() {
        assert_eq!(Percentiles::of(vec![7.0]), Percentiles { median: 7.0, p10: 7.0, p90: 7.0 });
        assert_eq!(Percentiles::of(vec![]), Percentiles { median: 0.0, p10: 0.0, p90: 0.0 });
    }

    #[test]
    fn a_long_tail_is_unsteady() {
        let with_p90 = |p90| Percentiles { median: 2.0, p10: 1.0, p90 };
        assert!(with_p90(3.1).are_unsteady());
        assert!(!with_p90(3.0).are_unsteady());
    }
}
