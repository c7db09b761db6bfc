//! What kernels are written with.

pub mod arena;
pub mod disjoint;
pub mod lanes;
pub mod parts;
pub mod team;
