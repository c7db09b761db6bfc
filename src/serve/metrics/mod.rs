//! What the server counts. The set of series is fixed when it starts, whatever clients send.

mod count;

use std::collections::BTreeMap;
use std::time::Duration;

pub use count::{Count, Gauge, Histogram};

/// Seconds, from 25 us to 30 s.
pub const SECONDS: [f64; 20] = [
    25e-6, 50e-6, 100e-6, 150e-6, 250e-6, 400e-6, 650e-6, 1e-3, 1.6e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3,
    0.1, 0.25, 1.0, 2.5, 10.0, 30.0,
];

/// Samples of a pass.
const SAMPLES: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 192.0, 256.0];

/// The status codes that are counted; others count as the last one.
pub const CODES: [u16; 15] = [200, 400, 401, 403, 404, 405, 408, 413, 415, 429, 431, 499, 500, 503, 504];

/// The protocol of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// TensorFlow Serving's REST.
    TensorFlow,
    /// The Open Inference Protocol.
    V2,
    /// Everything else: health, metrics, the page.
    Other,
}

/// The names of protocols in metrics.
pub const APIS: [&str; 3] = ["tensorflow", "v2", "other"];

/// The numbers of one model.
#[derive(Debug)]
pub struct ModelMetrics {
    /// Requests by protocol and status code.
    requests: Vec<Count>,
    /// The time from the head of a request to its reply, by protocol.
    pub request_seconds: Vec<Histogram>,
    /// The time that samples waited.
    pub queue_seconds: Histogram,
    /// The time of parsing.
    pub parse_seconds: Histogram,
    /// The time of passes.
    pub compute_seconds: Histogram,
    /// The samples of the pass that a request was in.
    pub batch_samples: Histogram,
    /// The samples that were predicted.
    pub samples: Count,
    /// The number of the latest version.
    pub version: Count,
    /// Versions that were loaded.
    pub loads: Count,
    /// Versions that could not be loaded.
    pub failed_loads: Count,
    /// The time of the last loading.
    pub load_seconds: Gauge,
    /// Whether the source can be read.
    pub source_ok: Count,
}

/// The numbers of a server.
#[derive(Debug)]
pub struct Metrics {
    models: BTreeMap<String, ModelMetrics>,
    /// Requests for models that do not exist, and those that are for none.
    none: ModelMetrics,
    /// Requests that were not computed because the queue was full.
    pub rejected_queue: Count,
    /// Requests that were refused because of a limit.
    pub rejected_limit: Count,
    /// Requests that were refused because there was no memory for their bodies.
    pub rejected_memory: Count,
    /// Connections that were closed because there were too many.
    pub rejected_connections: Count,
    /// Requests whose clients hung up before the reply.
    pub cancelled: Count,
    /// Requests that were not answered in time.
    pub late: Count,
    /// Open connections.
    pub connections: Count,
    /// Requests that are being answered.
    pub in_flight: Count,
    /// When the certificate expires, in seconds since 1970; 0 without TLS.
    pub tls_valid_until: Count,
    /// Connections on which TLS failed.
    pub tls_failures: Count,
    /// Requests without a valid token.
    pub auth_failures: Count,
    /// Panics while answering.
    pub panics: Count,
    /// Whether the server is stopping.
    pub draining: Count,
    /// Lines of the access log that were lost because it was not written fast enough.
    pub lost_log_lines: Count,
}

impl Metrics {
    /// Zeros for the models called `names`.
    #[must_use]
    pub fn new<'a>(names: impl Iterator<Item = &'a String>) -> Self {
        Self {
            models: names.map(|name| (name.clone(), ModelMetrics::new())).collect(),
            none: ModelMetrics::new(),
            rejected_queue: Count::default(),
            rejected_limit: Count::default(),
            rejected_memory: Count::default(),
            rejected_connections: Count::default(),
            cancelled: Count::default(),
            late: Count::default(),
            connections: Count::default(),
            in_flight: Count::default(),
            tls_valid_until: Count::default(),
            tls_failures: Count::default(),
            auth_failures: Count::default(),
            panics: Count::default(),
            draining: Count::default(),
            lost_log_lines: Count::default(),
        }
    }

    /// The numbers of the model called `name`, or of none.
    #[must_use]
    pub fn model(&self, name: &str) -> &ModelMetrics {
        self.models.get(name).unwrap_or(&self.none)
    }

    /// All models by name, and `_` for none.
    pub fn all(&self) -> impl Iterator<Item = (&str, &ModelMetrics)> {
        self.models.iter().map(|(name, model)| (name.as_str(), model)).chain([("_", &self.none)])
    }
}

impl ModelMetrics {
    fn new() -> Self {
        let seconds = || Histogram::new(&SECONDS);
        Self {
            requests: (0..APIS.len() * CODES.len()).map(|_| Count::default()).collect(),
            request_seconds: APIS.iter().map(|_| seconds()).collect(),
            queue_seconds: seconds(),
            parse_seconds: seconds(),
            compute_seconds: seconds(),
            batch_samples: Histogram::new(&SAMPLES),
            samples: Count::default(),
            version: Count::default(),
            loads: Count::default(),
            failed_loads: Count::default(),
            load_seconds: Gauge::default(),
            source_ok: Count::from(1),
        }
    }

    /// Counts a reply with `code` after `time`.
    pub fn answered(&self, api: Api, code: u16, time: Duration) {
        let of_code = CODES.iter().position(|known| *known == code).unwrap_or(CODES.len() - 1);
        if let Some(count) = self.requests.get(api as usize * CODES.len() + of_code) {
            count.add(1);
        }
        if let Some(histogram) = self.request_seconds.get(api as usize) {
            histogram.add(time.as_secs_f64());
        }
    }

    /// The requests by protocol and status code: those that occurred, and successes and errors of the server even before, because
    /// Prometheus computes no rate of what it has seen once.
    pub fn requests(&self) -> impl Iterator<Item = (&'static str, u16, u64)> + '_ {
        let numbered = self.requests.iter().enumerate();
        let named =
            numbered.map(|(at, count)| (APIS[at / CODES.len()], CODES[at % CODES.len()], count.get()));
        named.filter(|(_, code, count)| *count > 0 || matches!(code, 200 | 500..))
    }
}
