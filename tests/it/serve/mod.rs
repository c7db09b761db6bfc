//! `taper serve`, as a client sees it.

mod authority;
mod client;
#[cfg(unix)]
mod deploy;
mod life;
mod limits;
mod model_server;
mod overload;
mod page;
mod passes;
mod tensorflow;
mod tls;
mod v2;

pub use client::{Answer, Client, Served};
