//! Serves trained networks over HTTP, by TensorFlow Serving's REST protocol and the Open Inference Protocol.
//!
//! ```no_run
//! use taper::interrupt::Interrupt;
//! use taper::serve::{Config, ModelConfig, Server};
//!
//! # fn main() -> taper::Result<()> {
//! let model = ModelConfig { source: "runs/mnist-cnn-0001".into(), ..ModelConfig::default() };
//! let config = Config { models: [("digits".to_owned(), model)].into(), ..Config::default() };
//! let server = Server::start(config, Interrupt::default())?;
//! println!("listening on http://{}", server.address());
//! server.run()
//! # }
//! ```
//!
//! The path of a request: `server` accepts its connection, `connection` and `respond` read it within limits,
//! `answer` decides what it is for, `tensorflow` or `v2` reads its samples, `queue` holds them until
//! `compute` takes them with others, and the protocol writes the reply. `watch` meanwhile loads new versions
//! into `registry`. Only `server`, `connection`, `respond`, `io`, `body`, `headers`, `tls` and `notify` deal
//! with sockets or HTTP.

mod access_log;
mod answer;
mod auth;
mod body;
mod budget;
mod compute;
mod config;
mod connection;
mod exposition;
mod headers;
mod io;
mod json;
mod metrics;
mod model;
mod notify;
mod openapi;
mod page;
mod percent;
mod process;
mod queue;
mod receive;
mod registry;
mod reply;
mod respond;
mod samples;
mod server;
mod service;
mod shared;
mod signature;
mod source;
mod tensorflow;
mod tls;
mod upkeep;
mod v2;
mod validity;
mod watch;

pub use config::{AccessLog, Auth, Batching, Config, Follow, Limits, ModelConfig, ServeConfig, Tls};
pub use config::{check_tensorflow_monitoring, tensorflow_models};
pub use openapi::document as openapi;
pub use server::Server;

/// The stages that a request passes through, for tests and fuzz targets.
#[cfg(feature = "internals")]
pub(crate) mod internals {
    pub use super::answer::answer;
    /// The reader of JSON.
    pub mod json {
        pub use crate::serve::json::*;
    }
    /// Protocol buffers as text.
    pub mod protobuf {
        pub use crate::serve::config::text::*;
    }
    /// The times in certificates.
    pub mod validity {
        pub use crate::serve::validity::*;
    }
    pub use super::metrics::Metrics;
    pub use super::model::Version;
    pub use super::queue::{Capacity, Computed, Failure, Job, Queue, Refused};
    pub use super::registry::Registry;
    pub use super::reply::Reply;
    pub use super::service::{Begun, Record, Request, Service, Waiting};
    pub use super::watch::Watcher;
}
