//! The building blocks of kernels.
//!
//! The type for memory that several threads write to at once is private to this crate: its user must prove
//! that the parts do not overlap, which the compiler cannot check.
//!
//! ```compile_fail,E0603
//! use taper_kernels::simd::disjoint::Disjoint;
//! ```

pub mod arena;
pub(crate) mod disjoint;
pub mod lanes;
pub mod parts;
pub mod team;

/// Whether `len` values can hold the product of `sizes`, without overflow.
pub(crate) fn holds(len: usize, sizes: &[usize]) -> bool {
    let product = sizes.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    product.is_some_and(|product| product <= len)
}
