//! `taper serve`, as a client sees it.

mod client;
#[cfg(unix)]
mod deploy;
mod life;
mod tensorflow;
mod v2;

pub use client::{Client, Served};
