//! Which samples validate.

use crate::random::{Purpose, Stream};

/// Sets aside `share` of `samples` for validation, at random: `(train, validation)`, each
/// ascending. With a positive share and two samples or more, neither is empty.
///
/// Not the last samples, as Keras takes them: files are often sorted by class.
#[must_use]
pub fn split(samples: usize, share: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..samples).collect();
    if share <= 0.0 || samples < 2 {
        return (order, Vec::new());
    }
    let validation = ((samples as f64 * share).round() as usize).clamp(1, samples - 1);
    Stream::new(seed, Purpose::ValidationSplit, [0, 0]).shuffle(&mut order);
    let mut train = order.split_off(validation);
    train.sort_unstable();
    order.sort_unstable();
    (train, order)
}
