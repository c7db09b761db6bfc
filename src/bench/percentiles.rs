//! Where most of many times lie.

use serde::{Deserialize, Serialize};

/// The middle of a list of times, and the borders of its lowest and highest tenth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// Half of the times are below.
    pub median: f64,
    /// A tenth is below.
    pub p10: f64,
    /// A tenth is above.
    pub p90: f64,
}

impl Percentiles {
    /// Those of `times`, interpolated between neighbours as NumPy does by default; 0 of none.
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

    /// Whether the times scatter so much that their median says little: the 90th percentile is more
    /// than half above the median.
    #[must_use]
    pub fn are_unsteady(&self) -> bool {
        self.p90 > 1.5 * self.median
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_neighbours() {
        // numpy.percentile([1, 2, 3, 4], [50, 10, 90]) = [2.5, 1.3, 3.7]
        let found = Percentiles::of(vec![4.0, 1.0, 3.0, 2.0]);
        assert_eq!(found.median, 2.5);
        assert!((found.p10 - 1.3).abs() < 1e-12 && (found.p90 - 3.7).abs() < 1e-12, "{found:?}");
        let found = Percentiles::of((0..=10).map(f64::from).collect());
        assert_eq!(found, Percentiles { median: 5.0, p10: 1.0, p90: 9.0 });
    }

    #[test]
    fn one_time_is_all_percentiles_and_none_is_zero() {
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
