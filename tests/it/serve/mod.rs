//! `taper serve`, as a client sees it.

mod client;
mod life;
mod tensorflow;

pub use client::{Client, Served};
