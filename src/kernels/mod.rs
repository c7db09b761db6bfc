//! The arithmetic of training on the CPU, on plain slices: one file per kernel, each with a test that
//! holds it to its reference in [`ops`](crate::ops).
//!
//! This is the only module that may contain unsafe code. Results are the same bits for any number
//! of threads: work is cut into parts whose size depends on the shapes only, and partial sums are
//! added in the order of the parts.

pub mod slices;
pub mod window;
