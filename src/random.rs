//! Seeded randomness that depends on nothing but its key.
//!
//! Every random decision has a [`Stream`] keyed by the run's seed, the purpose, and two counters (such as
//! epoch and layer). No stream carries state from one step to the next, so a resumed run draws the same
//! numbers as an uninterrupted one, with any number of threads. candle's own CPU randomness cannot be
//! seeded, so it is not used.
//!
//! ```
//! use taper::random::{Purpose, Stream};
//!
//! let of_epoch = |epoch| {
//!     let mut order: Vec<usize> = (0..100).collect();
//!     Stream::new(42, Purpose::Shuffle, [epoch, 0]).shuffle(&mut order);
//!     order
//! };
//! assert!(of_epoch(1) == of_epoch(1) && of_epoch(1) != of_epoch(2));
//! ```

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The purpose of random numbers; keeps the streams of one seed apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Initial weights; counters: layer, parameter.
    Init = 1,
    /// The order of samples; counters: epoch, 0.
    Shuffle = 2,
    /// Dropout masks; counters: step, layer.
    Dropout = 3,
    /// The choice of validation samples; counters: 0, 0.
    ValidationSplit = 4,
    /// Generated data sets; counters: split, sample or 0.
    Data = 5,
    /// The choice of test samples; counters: 0, 0.
    TestSplit = 6,
    /// Changes to training samples; counters: epoch, sample.
    Augmentation = 7,
    /// The distance between samples that are mixed; counters: epoch, 0.
    Partner = 8,
    /// Noise added by layers; counters: step, layer.
    Noise = 9,
}

/// A reproducible sequence of random numbers (`ChaCha8`).
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream with this key. Equal keys give equal numbers on every machine.
    #[must_use]
    pub fn new(seed: u64, purpose: Purpose, counters: [u64; 2]) -> Self {
        let mut key = [0_u8; 32];
        for (bytes, word) in key.chunks_exact_mut(8).zip([seed, purpose as u64, counters[0], counters[1]]) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A number in [0, 1) with 24 random bits, which `f32` holds exactly.
    pub fn uniform(&mut self) -> f64 {
        f64::from(self.0.next_u32() >> 8) / f64::from(1_u32 << 24)
    }

    /// A number in [`low`, `high`).
    pub fn uniform_in(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Skips to the number that follows `count` calls of [`uniform`](Self::uniform) on a new stream.
    pub fn skip_to(&mut self, count: u64) {
        self.0.set_word_pos(u128::from(count));
    }

    /// Sets a share `rate` of the values of `mask` to 0 and the others to 1 / (1 - rate): one
    /// [`uniform`](Self::uniform) number each, dropped if it is below `rate`.
    pub fn dropout_mask(&mut self, rate: f64, mask: &mut [f32]) {
        let kept = (1.0 / (1.0 - rate)) as f32;
        // The same comparison as `uniform() < rate`, on the random bits themselves.
        let dropped = (rate * f64::from(1_u32 << 24)).ceil() as u32;
        for value in mask {
            *value = if self.0.next_u32() >> 8 < dropped { 0.0 } else { kept };
        }
    }

    /// Fills `values` with numbers in (-1, 1) that have 16 random bits each.
    pub fn symmetric(&mut self, values: &mut [f32]) {
        let mut bytes = [0; 1024];
        for values in values.chunks_mut(bytes.len() / 2) {
            // Whole words, so that the next number follows them.
            let used = &mut bytes[..(2 * values.len()).next_multiple_of(4)];
            self.0.fill_bytes(used);
            for (value, bytes) in values.iter_mut().zip(used.as_chunks().0) {
                *value = (f32::from(u16::from_le_bytes(*bytes)) - 32_767.5) * (1.0 / 32_768.0);
            }
        }
    }

    /// A standard normal number (Box and Muller, 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * libm::log(1.0 - self.uniform())).sqrt();
        radius * libm::cos(std::f64::consts::TAU * self.uniform())
    }

    /// An unbiased integer below `bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        // Rejects the last, incomplete copy of 0..bound in the range of u64.
        let limit = u64::MAX - u64::MAX % bound;
        loop {
            let number = self.0.next_u64();
            if number < limit {
                return number % bound;
            }
        }
    }

    /// Shuffles `items` (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i as u64 + 1);
            items.swap(i, usize::try_from(j).unwrap_or(i));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_give_equal_numbers_and_others_differ() {
        let draw = |seed, purpose, counters| {
            let mut stream = Stream::new(seed, purpose, counters);
            [stream.uniform(), stream.normal(), stream.uniform()]
        };
        let first = draw(7, Purpose::Dropout, [3, 1]);
        assert_eq!(first, draw(7, Purpose::Dropout, [3, 1]));
        assert_ne!(first, draw(8, Purpose::Dropout, [3, 1]));
        assert_ne!(first, draw(7, Purpose::Shuffle, [3, 1]));
        assert_ne!(first, draw(7, Purpose::Dropout, [1, 3]));
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_variance_one() {
        let mut stream = Stream::new(1, Purpose::Data, [0, 0]);
        let numbers: Vec<f64> = (0..20_000).map(|_| stream.normal()).collect();
        let mean = numbers.iter().sum::<f64>() / 20_000.0;
        let variance = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03, "{mean}");
        assert!((variance - 1.0).abs() < 0.03, "{variance}");
    }

    #[test]
    fn shuffling_keeps_every_item_once() {
        let mut items: Vec<u32> = (0..1000).collect();
        Stream::new(1, Purpose::Shuffle, [0, 0]).shuffle(&mut items);
        assert_ne!(items, (0..1000).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..1000).collect::<Vec<_>>());
    }
}
