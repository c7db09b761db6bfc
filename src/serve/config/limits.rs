//! `[serve.limits]` and `[serve.batching]`.

use serde::{Deserialize, Serialize};

/// `[serve.limits]`: what a client may use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The largest body in bytes, as sent and unpacked; 413 beyond it.
    #[schemars(range(min = 1, max = 0x4000_0000_u64))]
    pub body_bytes: usize,
    /// The largest head of a request in bytes; 431 beyond it.
    #[schemars(range(min = 8_192, max = 1_048_576))]
    pub head_bytes: usize,
    /// The most samples in a request; 413 beyond it.
    #[schemars(range(min = 1))]
    pub samples: usize,
    /// The most open connections; further ones are closed.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub connections: usize,
    /// Seconds for the head of a request to arrive.
    #[schemars(range(min = 0.001, max = 3_600))]
    pub head_seconds: f64,
    /// Seconds for the body of a request to arrive; 408 beyond them.
    #[schemars(range(min = 0.001, max = 3_600))]
    pub body_seconds: f64,
    /// Seconds for a client to accept more of a reply.
    #[schemars(range(min = 0.001, max = 3_600))]
    pub write_seconds: f64,
    /// Seconds that a connection may be idle between requests.
    #[schemars(range(min = 0.001, max = 86_400))]
    pub idle_seconds: f64,
    /// Seconds until a request must be answered; 504 beyond them.
    #[schemars(range(min = 0.001, max = 3_600))]
    pub answer_seconds: f64,
}

/// `[serve.batching]`: requests that wait for the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Batching {
    /// The most requests that wait for the network; 503 beyond them.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub queue: usize,
    /// The most memory of the samples that wait, in bytes; 503 beyond it.
    #[schemars(range(min = 1))]
    pub queue_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 32 << 20,
            head_bytes: 16 << 10,
            samples: 65_536,
            connections: 4_096,
            head_seconds: 10.0,
            body_seconds: 30.0,
            write_seconds: 30.0,
            idle_seconds: 75.0,
            answer_seconds: 30.0,
        }
    }
}

impl Default for Batching {
    fn default() -> Self {
        Self { queue: 1_024, queue_bytes: 256 << 20 }
    }
}
