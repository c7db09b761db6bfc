//! Which training samples are set aside for validation.

use crate::random::{Purpose, Stream};

/// Divides `samples` indices into those to train and those to validate on, both ascending.
///
/// `share` in [0, 1) of them, rounded, are drawn for validation. Where a share is asked for and there
/// are two samples or more, each side gets at least one. The order in the files plays no part,
/// because many files are sorted by class.
#[must_use]
pub fn split(samples: usize, share: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..samples).collect();
    if share <= 0.0 || samples < 2 {
        return (order, Vec::new());
    }
    let count = ((samples as f64 * share).round() as usize).clamp(1, samples - 1);
    Stream::new(seed, Purpose::ValidationSplit, [0, 0]).shuffle(&mut order);
    let mut train = order.split_off(count);
    order.sort_unstable();
    train.sort_unstable();
    (train, order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_on_exactly_one_side() {
        for (samples, share) in [(2, 0.001), (2, 0.999), (3, 0.5), (10, 0.25), (1000, 0.2), (1001, 0.9999)] {
            let (train, validation) = split(samples, share, 1);
            assert!(train.is_sorted() && validation.is_sorted());
            assert!(!train.is_empty() && !validation.is_empty());
            let mut all = [train, validation].concat();
            all.sort_unstable();
            assert_eq!(all, (0..samples).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_share_is_rounded_and_drawn_from_everywhere() {
        let (train, validation) = split(1000, 0.2, 42);
        assert_eq!((train.len(), validation.len()), (800, 200));
        let late = validation.iter().filter(|&&index| index >= 500).count();
        assert!((60..140).contains(&late), "{late} of 200 come from the second half");
        assert_eq!(split(7, 0.5, 0).1.len(), 4);
    }

    #[test]
    fn the_seed_decides() {
        assert_eq!(split(100, 0.3, 5), split(100, 0.3, 5));
        assert_ne!(split(100, 0.3, 5), split(100, 0.3, 6));
    }

    #[test]
    fn nothing_is_set_aside_where_nothing_can_be() {
        assert_eq!(split(3, 0.0, 1), (vec![0, 1, 2], vec![]));
        assert_eq!(split(1, 0.5, 1), (vec![0], vec![]));
        assert_eq!(split(0, 0.5, 1), (vec![], vec![]));
    }
}
