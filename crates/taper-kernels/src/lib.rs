//! The arithmetic of training on the CPU, on plain slices: one file per kernel.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`simd`] | what kernels are written with: 16-lane vectors, aligned memory, a team of threads |
//! | [`window`] | where filters and pools lie on an image |
//! | [`rule`] | how one step changes a parameter |
//! | [`plain`] | operations one by one in PyTorch's layout, `f32` and `f64`: what tensor operations call |
//! | [`fused`] | several operations in one pass, `f32`: what the fused engine's stages call |
//! | [`work`] | what ends with an update, for any rule |
//! | [`roofline`] | what the machine can do at best |
//!
//! This is the only crate that contains unsafe code; it knows neither tensors nor configs. Results are
//! the same bits for any number of threads: work is cut into parts whose size depends on the shapes
//! only, and partial sums are added in the order of the parts. References that tests compare the fused
//! kernels with are plain loops next to them; those of the plain kernels are tensor operations in
//! taper's `ops`.

pub mod fused;
pub mod plain;
pub mod roofline;
pub mod rule;
pub mod simd;
pub mod window;
pub mod work;

#[cfg(test)]
mod random;
