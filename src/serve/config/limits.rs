//! `[serve.limits]` and `[serve.batching]`.

use serde::{Deserialize, Serialize};

/// `[serve.limits]`: what a client may use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The maximum size of a body in bytes, as sent and decompressed; beyond it, the status is 413.
    #[schemars(range(min = 1, max = 0x4000_0000_u64))]
    pub body_bytes: usize,
    /// The maximum size in bytes of the bodies of all requests that are arriving or being read, as sent and decompressed; beyond
    /// it, the status is 503.
    #[schemars(range(min = 2, max = 0x100_0000_0000_u64))]
    pub all_bodies_bytes: usize,
    /// The maximum size of a request's head in bytes; beyond it, the status is 431.
    #[schemars(range(min = 8_192, max = 1_048_576))]
    pub head_bytes: usize,
    /// The maximum number of samples in a request; beyond it, the status is 413.
    #[schemars(range(min = 1))]
    pub samples: usize,
    /// The maximum number of open connections; further ones are closed.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub connections: usize,
    /// Seconds for the head of a request to arrive.
    #[schemars(range(min = 0.001, max = 3_600))]
    pub head_seconds: f64,
    /// Seconds for the body of a request to arrive; after that, the status is 408.
    #[schemars(range(min = 0.001, max = 3_600))]
    pub body_seconds: f64,
    /// Seconds for a client to accept more of a reply.
    #[schemars(range(min = 0.001, max = 3_600))]
    pub write_seconds: f64,
    /// Seconds that a connection may be idle between requests.
    #[schemars(range(min = 0.001, max = 86_400))]
    pub idle_seconds: f64,
    /// Seconds until a request must be answered; after that, the status is 504.
    #[schemars(range(min = 0.001, max = 3_600))]
    pub answer_seconds: f64,
}

/// `[serve.batching]`: requests that wait for the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Batching {
    /// The maximum number of requests that wait for the network; beyond it, the status is 503.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub queue: usize,
    /// The maximum memory of the samples that wait, in bytes; beyond it, the status is 503.
    #[schemars(range(min = 1))]
    pub queue_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 32 << 20,
            all_bodies_bytes: 256 << 20,
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
