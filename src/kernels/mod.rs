//! The arithmetic of training on the CPU, on plain slices: one file per kernel. The references that
//! tests hold them to are in [`ops`](crate::ops), in plain tensor operations, and, for what the fused
//! engine alone uses, in plain loops beside them.
//!
//! This is the only module that may contain unsafe code. Results are the same bits for any number
//! of threads: work is cut into parts whose size depends on the shapes only, and partial sums are
//! added in the order of the parts.

pub mod arena;
pub mod avg_pool2d;
pub mod channels_last;
pub mod conv2d;
pub mod dense;
pub mod disjoint;
pub mod fresh;
pub mod fully_connected;
pub mod lanes;
pub mod load;
pub mod matmul;
pub mod max_pool2d;
pub mod parts;
pub mod relu;
pub mod roofline;
pub mod slices;
pub mod team;
pub mod update;
pub mod window;

use candle_core::WithDType;

/// The numbers that kernels compute with: `f32`, and `f64` for the tests of gradients.
pub trait Real: WithDType {
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// Larger than all others.
    const INFINITY: Self;
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const INFINITY: Self = Self::INFINITY;
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const INFINITY: Self = Self::INFINITY;
}

/// The sum, in an order that depends on the length only.
#[must_use]
pub fn sum<T: Real>(values: &[T]) -> T {
    // Independent lanes, which the compiler turns into vectors.
    let mut lanes = [T::ZERO; 16];
    let (blocks, rest) = values.as_chunks::<16>();
    for block in blocks {
        for (lane, &value) in lanes.iter_mut().zip(block) {
            *lane += value;
        }
    }
    lanes.iter().chain(rest).fold(T::ZERO, |sum, &value| sum + value)
}

/// Adds `source` to `target`, value by value.
pub fn add_to<T: Real>(target: &mut [T], source: &[T]) {
    for (target, &source) in target.iter_mut().zip(source) {
        *target += source;
    }
}

/// Runs `f` in pools of one, two and three threads; fails unless the results are the same bits.
#[cfg(test)]
pub(crate) fn same_for_any_threads<R: PartialEq + std::fmt::Debug + Send>(f: impl Fn() -> R + Sync) {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start");
        pool.install(&f)
    };
    let one = run(1);
    for threads in [2, 3] {
        assert!(one == run(threads), "{threads} threads give other bits than one");
    }
}
