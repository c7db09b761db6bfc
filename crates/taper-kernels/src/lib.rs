//! CPU kernels for training, on plain slices; one file per kernel.
//!
//! | module | contents |
//! | --- | --- |
//! | [`simd`] | the building blocks: 16-lane vectors, aligned memory, a thread team |
//! | [`window`] | the positions of filters and pooling windows on an image |
//! | [`rule`] | the update of a parameter by one step |
//! | [`plain`] | single operations in PyTorch's layout, `f32` and `f64`, called by the tensor operations |
//! | [`fused`] | several operations in one pass, `f32`, called by the stages of the fused engine |
//! | [`augment`] | changes to images before they are used |
//! | [`average`] | moving averages of parameters |
//! | [`work`] | computations that end with an update, for any rule |
//! | [`roofline`] | the peak rates of the machine |
//!
//! This is the only crate with unsafe code; it uses neither tensors nor configs. Results are bit-identical
//! for any number of threads: work is split into parts whose sizes depend only on the shapes, and partial
//! sums are added in the order of the parts. The fused kernels are tested against plain loops next to them,
//! the plain kernels against tensor operations in taper's `ops`.

pub mod augment;
pub mod average;
pub mod fused;
pub mod plain;
pub mod roofline;
pub mod rule;
pub mod simd;
pub mod window;
pub mod work;

#[cfg(test)]
mod random;
