//! Single operations in PyTorch's layout, in `f32` and `f64`; Rayon splits the work.

pub mod avg_pool2d;
pub mod conv2d;
pub mod dense;
pub mod fresh;
pub mod matmul;
pub mod max_pool2d;
pub mod relu;

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// The number types of the plain kernels: `f32`, and `f64` for gradient checks.
///
/// Sealed: [`matmul`] passes values of these two types to a library that takes pointers and identifies the
/// type by its `TypeId`.
pub trait Real:
    sealed::Sealed
    + Copy
    + Debug
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + 'static
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;

    /// The nearest number of this type.
    fn from_f64(value: f64) -> Self;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

    fn from_f64(value: f64) -> Self {
        value as Self
    }
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

    fn from_f64(value: f64) -> Self {
        value
    }
}

/// The sum, in an order that depends only on the length.
#[must_use]
pub fn sum<T: Real>(values: &[T]) -> T {
    // Independent lanes, which the compiler vectorizes.
    let mut lanes = [T::ZERO; 16];
    let (blocks, rest) = values.as_chunks::<16>();
    for block in blocks {
        for (lane, &value) in lanes.iter_mut().zip(block) {
            *lane += value;
        }
    }
    lanes.iter().chain(rest).fold(T::ZERO, |sum, &value| sum + value)
}

/// Adds `source` to `target`, element by element.
pub fn add_to<T: Real>(target: &mut [T], source: &[T]) {
    for (target, &source) in target.iter_mut().zip(source) {
        *target += source;
    }
}

/// Runs `f` in pools of one, two and three threads; fails unless the results are bit-identical.
#[cfg(test)]
pub(crate) fn same_for_any_threads<R: PartialEq + Debug + Send>(f: impl Fn() -> R + Sync) {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start");
        pool.install(&f)
    };
    let one = run(1);
    for threads in [2, 3] {
        assert!(one == run(threads), "{threads} threads give different bits than one");
    }
}
