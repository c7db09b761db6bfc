//! Numbers that many threads change.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that grows, or is set.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

/// A number with a fraction, which is set.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

/// A distribution over fixed buckets.
#[derive(Debug)]
pub struct Histogram {
    /// The upper bounds of the buckets.
    pub bounds: &'static [f64],
    /// One count per bucket, and one for what is above all bounds.
    counts: Vec<AtomicU64>,
    /// The sum of all values in millionths.
    sum: AtomicU64,
}

impl Count {
    /// Adds to it.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// Takes from it.
    pub fn subtract(&self, less: u64) {
        self.0.fetch_sub(less, Ordering::Relaxed);
    }

    /// Replaces it.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Its value.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl From<u64> for Count {
    fn from(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }
}

impl Gauge {
    /// Replaces it.
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// Its value.
    #[must_use]
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

impl Histogram {
    /// An empty distribution over buckets with these upper `bounds`.
    #[must_use]
    pub fn new(bounds: &'static [f64]) -> Self {
        Self {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    /// Adds a value.
    pub fn add(&self, value: f64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add((value * 1e6).round() as u64, Ordering::Relaxed);
    }

    /// The number of values up to each bound, and of all.
    pub fn cumulative(&self) -> impl Iterator<Item = u64> + '_ {
        self.counts.iter().scan(0, |total, count| {
            *total += count.load(Ordering::Relaxed);
            Some(*total)
        })
    }

    /// The sum of all values.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.sum.load(Ordering::Relaxed) as f64 / 1e6
    }
}
